# fish completion of netwrap; made by `netwrap completion fish`
function __netwrap_complete
    set -l found (netwrap completion words (commandline -cp | string collect) 2>/dev/null)
    if test "$found[1]" = @delegate
        set -l rest (string match -r '(?:^| )((?:ip|arp|route|bridge|ss|nft|iptables|ip6tables|iptables-save|ip6tables-save|ifconfig|brctl|sysctl|wg) .*)$' -- (commandline -cp))
        complete -C "$rest[2]"
    else if test (count $found) -gt 0
        printf '%s\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c netwrap -f -a '(__netwrap_complete)'
