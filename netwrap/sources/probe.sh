# netwrap probe: prints links, addresses, routes, neighbours, rules and more of every network namespace of this host.
# POSIX sh (dash, busybox ash). Needs `ip`; uses `bridge`, `nft` or `iptables-save`, and `nsenter` if they are installed.
#
#   sh probe.sh [--no-json] [--timeout SECONDS] [--quick] [--serial] > host.netwrap
#   ssh router sh -s < probe.sh > router.txt           ssh router sh -s -- --no-json < probe.sh > router.txt
#
# It changes nothing. netwrap reads the output (netwrap/sources/capture.py describes its form). Every mark contains a random
# token, so that the output of a command cannot imitate a mark; no file name and no argument contains the token, because others
# could read it there. Names are data: they are only used as quoted words.

netwrap_refuse() { # sets `why` where this shell does not do what the probe needs
    why=
    case ${KSH_VERSION-} in *93*) why="ksh93" ;; esac
    [ -z "${POSH_VERSION-}" ] || why=posh
    [ -z "${YASH_VERSION-}" ] || case $(set -o) in *posixlycorrect*on*) ;; *) why="yash, but for yash -o posixlycorrect" ;; esac
    two="a b"
    set -- $two
    [ $# -eq 2 ] || why="this shell, which does not split words (zsh)"
    case $(type printf 2>/dev/null) in */*) why="a shell without a printf of its own, whose words others can see" ;; esac
    [ -n "$why" ]
}

netwrap_probe() {
    if netwrap_refuse; then
        echo "probe.sh: it does not work in $why; use sh, dash, bash or busybox sh" >&2
        return 2
    fi
    LC_ALL=C NO_COLOR=1
    export LC_ALL NO_COLOR
    unset WG_HIDE_KEYS WG_COLOR_MODE LANGUAGE LANG IPROUTE2_COLOR CDPATH ENV
    PATH=$PATH:/usr/sbin:/sbin:/usr/bin:/bin
    umask 077
    set -f
    newline='
'
    tab=$(printf '\t')
    IFS=$newline
    json=yes limit=60 serial=no quick=no scratch=
    while [ $# -gt 0 ]; do
        option=$1
        shift
        case $option in
            --no-json) json=no ;;
            --serial) serial=yes ;;
            --quick) quick=yes ;;
            --scratch) scratch=${1-} ;; # a folder to work in, which the caller removes
            --timeout) limit=${1-} ;;
            --timeout=*) limit=${option#*=} ;;
            *) echo "probe.sh: $option is none of --no-json, --quick, --serial, --timeout SECONDS" >&2 && return 2 ;;
        esac
        case $option in --scratch | --timeout) [ $# -eq 0 ] || shift ;; esac
    done
    case $limit in
        '' | 0 | *[!0-9]*) echo "probe.sh: --timeout takes whole seconds" >&2 && return 2 ;;
    esac

    token=
    read -r token 2>/dev/null </proc/sys/kernel/random/uuid || token=$$-$(date +%s%N)-$(ls -id /proc/self/task 2>/dev/null)
    token=$(printf %s "$token" | tr -dc 'A-Za-z0-9-')
    count=0 notes= key= child= printed= root=${NETWRAP_PROBE_ROOT-}
    exec 4>&1
    scratch
    echo "netwrap capture 1 $token"
    find_how
    find_namespaces
    find_last_way
    find_containers
    about_host
    sweep_all
    collect_notes
    text notes "$notes"
    printf '@%s done %s\n' "$token" "$count"
}

# --- marks -------------------------------------------------------------------------------------------------------------

begin() { # NETNS COMMAND
    count=$((count + 1))
    printf '@%s begin %s %s\n' "$token" "$1" "$2"
}

end() { # STATUS: after it, the words on standard error if there are any
    if [ -n "$work" ] && [ -s "$work/err$worker" ]; then
        printf '\n@%s stderr' "$token"
        printf '\n' && cat "$work/err$worker"
    elif [ -z "$work" ] && [ -n "$said" ]; then
        printf '\n@%s stderr\n%s' "$token" "$said"
    fi
    printf '\n@%s end %s\n' "$token" "$1"
}

text() { # COMMAND TEXT: a section about the host
    begin - "$1"
    printf '%s' "$2"
    printf '\n@%s end 0\n' "$token"
}

note() { # TEXT, which becomes one line
    case $1 in *"$newline"*) escaped "$1" && set -- "$escaped" ;; esac
    if [ "$worker" = 0 ]; then
        notes=$notes$1$newline
    else
        printf '%s\n' "$1" >>"$work/notes$worker"
    fi
}

escaped() { # NAME: sets `escaped` to it with backslash, tab and newline written out
    escaped=$1
    case $1 in
        *\\* | *"$tab"* | *"$newline"*) ;;
        *) return ;;
    esac
    escaped= rest=$1
    while [ -n "$rest" ]; do
        tail=${rest#?}
        case ${rest%"$tail"} in
            \\) escaped="$escaped\\\\" ;;
            "$tab") escaped="$escaped\\t" ;;
            "$newline") escaped="$escaped\\n" ;;
            *) escaped=$escaped${rest%"$tail"} ;;
        esac
        rest=$tail
    done
}

# --- running commands, with a timeout ------------------------------------------------------------------------------------

scratch() { # a folder for what is said on standard error, and for the two workers
    work= worker=0 said= watchdog= holder= sweeper= tried=
    trap 'leave' EXIT # before there is a folder to leave
    trap 'stopped' HUP INT QUIT TERM USR1
    [ -n "$scratch" ] || for dir in "${TMPDIR:-/dev/shm}" /run /tmp /var/tmp; do # in memory: a file each command
        for try in 1 2 3 4 5 6 7 8 9; do # somebody else may have made it already
            tried=$dir/netwrap-$$-$try
            mkdir "$tried" 2>/dev/null && work=$tried && break 2
            [ -e "$tried" ] || break
        done
    done
    [ -z "$scratch" ] || work=$scratch
    if [ -z "$work" ]; then
        trap - EXIT
        note "no folder to write to: one namespace at a time, and no time-out"
        return
    fi
    watch </dev/null >/dev/null 2>&1 &
    watchdog=$!
    [ "${netwrap_holds_input-}" = yes ] || return 0 # a line in front of this script
    exec 5<&0
    hold >/dev/null 2>&1 &
    holder=$!
}

hold() { # until standard input ends: netwrap has gone, or the connection to it
    trap - EXIT HUP INT QUIT TERM USR1
    while read -r line <&5; do :; done
    kill $$
}

leave() {
    { [ -z "$watchdog" ] || kill "$watchdog"; [ -z "$holder" ] || kill "$holder"; } 2>/dev/null
    [ -z "$work" ] || [ -n "$scratch" ] || rm -rf "$work" 2>/dev/null || {
        sleep 1 # a worker that a signal ends, too, wrote into it meanwhile
        rm -rf "$work"
    }
    [ -n "$work" ] || [ -z "$tried" ] || rmdir "$tried" 2>/dev/null # a signal came before it was remembered
}

stopped() { # by a signal: what has been read so far is printed
    trap - HUP INT QUIT TERM USR1
    trap '' PIPE # where nobody reads any more, the folder is removed all the same
    { [ -z "$child" ] || (kill_all "$child"); [ -z "$sweeper" ] || kill "$sweeper" && wait "$sweeper"; } 2>/dev/null
    worker=0
    exec >&4 # a signal may find standard output redirected
    [ -z "$work" ] || [ -n "$printed" ] || cat "$work/root" 2>/dev/null
    printf '\n'
    collect_notes
    note "the probe was stopped by a signal: what it had read until then"
    text notes "$notes"
    exit 143
}

# One watchdog for all workers: it kills a command whose time is up. Each worker writes `NAMESPACE PID` to a file.
watch() {
    trap - EXIT HUP INT QUIT TERM USR1
    IFS=' '
    age0=0 age1=0 age2=0 last0= last1= last2=
    while sleep 1; do
        if ! kill -0 $$ 2>/dev/null; then # the probe itself was killed
            watchdog=
            leave
            return
        fi
        if [ -n "$scratch" ] && ! kill -0 "$PPID" 2>/dev/null; then # who wanted this was killed, and reads no more
            kill $$ 2>/dev/null
            rm -rf "$work"
            return
        fi
        for w in 0 1 2; do
            at= pid=
            { read -r at pid <"$work/now$w"; } 2>/dev/null || continue
            eval "last=\$last$w age=\$age$w"
            [ "$last" = "$at" ] && age=$((age + 1)) || age=0
            eval "last$w=\$at age$w=\$age"
            case $pid in '' | *[!0-9]*) continue ;; esac
            if [ "$age" -ge "$limit" ]; then
                echo "$at" >"$work/late$w"
                kill_all "$pid"
            fi
        done
    done
}

kill_all() { # PID: and what it started
    pids=$1 IFS=' '
    while [ -n "$pids" ]; do
        more=
        for pid in $pids; do # its children are found before it is killed: after it they are nobody's
            more="$more $(cd /proc && set +f && grep -l "^PPid:$tab$pid\$" [0-9]*/status 2>/dev/null | tr -c '0-9' ' ')"
            kill -9 "$pid" 2>/dev/null
        done
        pids=
        for pid in $more; do pids="$pids $pid"; done
    done
}

# Run a command; $batch contains its lines if it reads a batch. Sets `status`; 124 if the command was killed.
run() {
    status=0 said=
    if [ -z "$work" ]; then
        if [ -n "$batch" ]; then
            said=$("$@" -batch - 2>&1 >&3 3>&- <<END
$batch
END
            ) || status=$?
        else
            said=$("$@" 2>&1 >&3 3>&- </dev/null) || status=$?
        fi 3>&1
        return
    fi
    if [ -n "$batch" ]; then
        "$@" -batch - 2>"$work/err$worker" <<END &
$batch
END
    else
        "$@" 2>"$work/err$worker" </dev/null &
    fi
    echo "$key $!" >"$work/now$worker"
    child=$!
    { wait $child || status=$?; } 2>/dev/null # the shell would say `Killed`
    child=
    if [ "$status" -gt 128 ] && [ -s "$work/late$worker" ]; then
        rm -f "$work/late$worker"
        status=124
        case $key in attempt*) ;; *) note "namespace $key: no end after $limit seconds; killed, and the rest left out" ;; esac
        echo "netwrap: no end after $limit seconds; killed" >>"$work/err$worker"
        late=yes
    fi
}

# --- how to enter namespaces, and the features of the binaries --------------------------------------------------------------

attempt() { # COMMAND...: puts its output into `said`; with the timeout, because a command that hangs may hang here already
    attempts=$((attempts + 1)) key=attempt$attempts status=0
    if [ -n "$work" ]; then # through a file: children of a killed command would keep a pipe open
        run "$@" >"$work/said"
        said=$(cat "$work/said")
    else
        said=$(run "$@"; exit $status) || status=$?
    fi
    if [ $status -eq 124 ]; then
        IFS=' '
        note "$*: no end after $limit seconds; killed"
        IFS=$newline
    fi
    return $status
}

find_how() {
    how= batch= details= bridge= ip=yes nsenter=no firewall=none sockets=no legacy=no filters=no ebtables=no wireguard=no attempts=0
    if ! type ip >/dev/null 2>&1; then
        note "ip is not installed here: only what /proc shows"
        json=no ip=no
    fi
    attempt ip -d -s link show dev lo && details="-d$newline-s"
    if [ $json = yes ]; then
        json=no
        batch="rule show${newline}rule show"
        attempt ip -j -d -s -force
        batch=
        case $said in
            "[{"*"]${newline}[{"*"]")
                # Before 5.5 the JSON of routes may be invalid (multipath, metrics); `neigh get` came with 5.5.
                attempt ip neigh get 127.0.0.1 dev lo
                [ $status -eq 255 ] || json=yes
                ;;
        esac
        [ $json = yes ] || note "this ip has no JSON that can be relied on: text"
    fi
    if type bridge >/dev/null 2>&1; then
        bridge=text
        if [ $json = yes ]; then
            batch="link show${newline}link show"
            attempt bridge -j -force
            batch=
            case $said in "["*"]${newline}["*"]") bridge=json ;; esac
        fi
    fi
    for up in ../.. ../../..; do
        attempt ip -n $up/proc/self/ns/net link show dev lo && how=ip && break
    done
    attempt nsenter -n/proc/self/ns/net -- true && nsenter=yes
    [ -n "$how" ] || { [ $nsenter = yes ] && how=nsenter; } || how=none
    # `ip -n` copies all mounts, and every named namespace is one: with many mounts, `nsenter` and `ip` together are faster.
    crowded=no
    [ $nsenter = yes ] && [ "0$(grep -c . /proc/self/mountinfo 2>/dev/null)" -gt 400 ] && crowded=yes
    [ $quick = no ] || return 0
    ! type ss >/dev/null 2>&1 || sockets=yes
    if type nft >/dev/null 2>&1; then
        firewall=nft-text
        if [ $json = yes ]; then # where neither works, for want of root, it is JSON that says so
            attempt nft -j list tables || ! attempt nft list tables && firewall=nft-json
        fi
    elif type iptables-save >/dev/null 2>&1; then
        firewall=iptables
    fi
    [ ! -d /sys/module/sch_ingress ] || ! type tc >/dev/null 2>&1 || filters=yes # loaded by the first qdisc for filters
    ! grep -qs '^ebtable_' /proc/modules || ! type ebtables-legacy-save >/dev/null 2>&1 || ebtables=yes
    [ ! -d /sys/module/wireguard ] || ! type wg >/dev/null 2>&1 || wireguard=yes
    # If the kernel has the old iptables, any namespace may have its rules.
    { [ ! -e /proc/net/ip_tables_names ] && [ ! -e /proc/net/ip6_tables_names ]; } || [ $firewall = iptables ] || legacy=yes
}

# Releases before 3.19 have no -n; without nsenter, only named namespaces can be entered (`ip netns exec`).
find_last_way() {
    for one in $keys; do
        [ $how = none ] && [ $ip = yes ] || return 0
        known "$one"
        is_name "$way" || continue
        attempt ip netns exec "${way##*/}" true && how=exec
        break
    done
    [ $how != none ] || note "no right to enter namespaces: root would add the tables of all the others, and the firewall's"
}

is_name() { # PATH
    case $1 in /run/netns/* | /var/run/netns/*) return 0 ;; esac
    return 1
}

# --- the namespaces ----------------------------------------------------------------------------------------------------------

found() { # KEY HOW VALUE PATH: one more sign of a namespace; the first two paths are ways into it
    case $1 in '' | *[!0-9]*) return 0 ;; esac
    escaped "$3"
    table=$table$1$tab$2$tab$escaped$newline
    [ -n "$4" ] || return 0
    known "$1"
    if [ -z "$way" ]; then
        eval "way_$1=\$4"
        [ "$1" = "$self" ] || keys=$keys$1$newline
    elif [ -z "$other" ]; then
        eval "other_$1=\$4"
    fi
}

known() { # KEY: sets `way` and `other`, empty where it is new
    eval "way=\${way_$1-} other=\${other_$1-}"
}

named() { # PID: sets `comm`, which may be empty and hold newlines; fails where the process has gone
    comm= there=no
    { while IFS= read -r part; do comm=$comm$part$newline there=yes; done <"/proc/$1/comm"; } 2>/dev/null
    comm=${comm%"$newline"}
    [ $there = yes ]
}

files() { # HOW, then files that may hold namespaces
    sort=$1 safe= many=0
    shift
    for file; do
        if ! [ -e "$file" ]; then
            [ -L "$file" ] && no_namespace "$file"
            continue
        fi
        case $file in
            *[!-A-Za-z0-9_.:@+/]*) found_file "$(identity "$file")" "$file" ;;
            *)
                safe=$safe$file$newline many=$((many + 1))
                [ $many -lt 400 ] || found_files
                ;;
        esac
    done
    found_files
}

found_files() { # those in $safe
    [ -n "$safe" ] || return 0
    for line in $(identity $safe); do
        file=${line#* * }
        found_file "${line%" $file"}" "$file"
    done
    safe= many=0
}

no_namespace() { # FILE in /run/netns that is not a namespace: all of them are reported in one note
    strange=$((strange + 1))
    [ $strange -gt 5 ] || { escaped "$1" && strangers="$strangers${strangers:+, }$escaped"; }
    # `ip netns list-id` opens every file there, and would hang at a pipe.
    [ -n "$waits" ] || ! [ -p "$1" ] || waits=$1
}

about_strangers() {
    [ $strange -eq 0 ] || [ "$self" = 0 ] || # without /proc, a namespace cannot be recognised
        if [ $strange -gt 5 ]; then
            note "no namespace (any more): $strangers and $((strange - 5)) more"
        else
            note "no namespace (any more): $strangers"
        fi
    [ -z "$waits" ] || { escaped "$waits" &&
        note "\`ip netns list-id\` would wait for ever on $escaped: it was not asked what nsids are called"; }
}

identity() { # FILE...: a line `DEVICE INODE FILE` for each that is there
    if [ $stat = yes ]; then
        stat -L -c '%d %i %n' -- "$@" 2>/dev/null
    else
        ls -Ldi1 -- "$@" 2>/dev/null | sed 's/^ *\([0-9]*\) /- \1 /'
    fi
}

found_file() { # "DEVICE INODE" (more may follow), FILE
    device=${1%% *} inode=${1#* }
    inode=${inode%%[!0-9]*}
    # This test needs no stat: the inodes of namespaces begin at 0xeffffff8.
    eval "alien=\${alien_$inode-}"
    if [ -n "$inode" ] && [ "$device" = "$nsfs" ] && [ "$inode" -ge 4026531832 ] && [ -z "$alien" ]; then
        case $sort in
            name) found "$inode" name "${2##*/}" "$2" ;;
            *) found "$inode" "$sort" "$2" "$2" ;;
        esac
    elif [ "$sort" = name ]; then
        no_namespace "$2"
    fi
}

find_namespaces() {
    table= keys= stat=no strange=0 strangers= waits=
    stat -L -c %i /proc/self/ns/net >/dev/null 2>&1 && stat=yes
    self=$(identity /proc/self/ns/net)
    nsfs=${self%% *} self=${self#* }
    self=${self%% *}
    case $self in '' | *[!0-9]*) self=0 ;; esac
    found "$self" self /proc/self/ns/net /proc/self/ns/net
    for line in $(grep ' - nsfs ' /proc/self/mountinfo 2>/dev/null | sed -n 's/^[^ ]* [^ ]* [^ ]* \([a-z]*\):\[\([0-9]*\)\] .*/\1 \2/p'); do
        case $line in net\ *) ;; *) eval "alien_${line#* }=yes" ;; esac # of another kind
    done
    set +f
    for dir in /run/netns /var/run/netns; do
        [ -d $dir ] || continue
        files name $dir/* $dir/.[!.]* $dir/..?*
        break
    done
    about_strangers
    for dir in /run/docker/netns /var/run/docker/netns /run/snap.docker/netns /run/user/*/netns \
        /run/user/*/containers/networks/rootless-netns; do
        [ ! -d "$dir" ] || files path "$dir"/*
    done
    set -f
    find_mounted self /proc/self/mountinfo
    find_processes
    find_threads
    find_elsewhere
    find_descriptors
}

find_processes() { # and the control group of the first of each namespace
    for line in $(cd /proc && set +f && ls -l [0-9]*/ns/net 2>/dev/null); do
        inode=${line##* -> net:\[}
        inode=${inode%]}
        pid=${line%%/ns/net -> *}
        pid=${pid##* }
        case $pid$inode in *[!0-9]*) continue ;; esac
        case $pid in "$$" | "$watchdog" | "$holder") continue ;; esac
        named "$pid" || continue
        found "$inode" pid "$pid $comm" "/proc/$pid/ns/net"
        eval "net_$pid=\$inode first=\${first_$inode-}"
        if [ -z "$first" ]; then
            eval "first_$inode=\$pid"
            [ "$inode" = "$self" ] || find_group "$inode" "$pid"
        fi
    done
    # Mininet marks the shell of a host by its last argument, `mininet:h1`.
    for pid in $(cd /proc && set +f && grep -l mininet: [0-9]*/cmdline 2>/dev/null); do
        pid=${pid%/cmdline}
        inode=
        eval "inode=\${net_$pid-}" 2>/dev/null
        label=$({ tr '\000' '\n' <"/proc/$pid/cmdline"; } 2>/dev/null | sed -n '$p')
        case $label in mininet:?*) [ -z "$inode" ] || [ "$inode" = "$self" ] || found "$inode" label "$label" "" ;; esac
    done
}

find_group() { # KEY PID
    group=
    {
        while read -r line; do
            case $line in
                0::/?* | *:name=systemd:/?*) group=${line#*:*:} && break ;;
                *:/?*) group=${line#*:*:} ;;
            esac
        done <"/proc/$2/cgroup"
    } 2>/dev/null
    [ -z "$group" ] || found "$1" cgroup "$group" ""
}

find_threads() { # that are in another namespace than their process
    for line in $(cd /proc && set +f && threads_of "" || for digit in 1 2 3 4 5 6 7 8 9; do threads_of $digit; done); do
        inode=${line##* -> net:\[}
        inode=${inode%]}
        tid=${line%%/ns/net -> *}
        tid=${tid##* }
        pid=${tid%%/*} tid=${tid##*/}
        case $pid$tid$inode in *[!0-9]*) continue ;; esac
        [ "$pid" != "$tid" ] || continue
        eval "of=\${net_$pid-}"
        [ "$of" != "$inode" ] && [ -n "$of" ] && named "$pid" || continue
        found "$inode" thread "$pid $tid $comm" "/proc/$pid/task/$tid/ns/net"
    done
}

threads_of() { # FIRST DIGIT, or all; fails where they are too many for one command
    ls -l ${1:-[1-9]}*/task/[0-9]*/ns/net 2>/dev/null
    [ $? -lt 126 ]
}

find_mounted() { # PID FILE: namespaces that are mounted somewhere in the mount namespace of a process
    for line in $(grep ' - nsfs ' "$2" 2>/dev/null); do
        mounted "$1" "$line"
    done
}

mounted() { # PID, a line of its mountinfo: `36 35 0:4 net:[4026532345] /run/netns/red rw - nsfs nsfs rw`
    case $2 in *" net:["*"] /"*) ;; *) return 0 ;; esac
    inode=${2#*" net:["}
    place=${inode#*"] "}
    place=${place%% *} inode=${inode%%]*}
    case $inode in '' | *[!0-9]*) return 0 ;; esac
    case $place in *\\*) place=$(octal "$place") && place=${place%.} ;; esac
    if [ "$1" = self ]; then
        case $place in /run/netns/* | /var/run/netns/* | /run/docker/netns/* | /var/run/docker/netns/*) return 0 ;; esac
    else
        known "$inode"
        [ -z "$way" ] || return 0
        place=/proc/$1/root$place
    fi
    set -- "$inode" "$(identity "$place")"
    case $2 in *" $inode "*) found "$inode" path "$place" "$place" ;; esac
}

octal() { # a path as mountinfo writes it: blanks and backslashes are \040 and the like. A dot keeps newlines at its end.
    rest=$1
    while :; do
        case $rest in
            *\\*) printf '%s%b' "${rest%%\\*}" "\\0$(printf %.3s "${rest#*\\}")" && rest=${rest#*\\} && rest=${rest#???} ;;
            *) printf '%s.' "$rest" && return ;;
        esac
    done
}

find_elsewhere() { # mounted in the mount namespaces of others
    pids=
    for line in $(cd /proc && set +f && ls -l self/ns/mnt [0-9]*/ns/mnt 2>/dev/null); do
        inode=${line##* -> mnt:\[}
        inode=${inode%]}
        pid=${line%%/ns/mnt -> *}
        pid=${pid##* }
        case $inode in *[!0-9]*) continue ;; esac
        eval "seen=\${mnt_$inode-}"
        eval "mnt_$inode=yes"
        [ -n "$seen" ] || [ "$pid" = self ] || pids=$pids/proc/$pid/mountinfo$newline
    done
    # Some listings have `self` behind the numbers: by then its mounts are known, and nothing is added.
    [ -n "$pids" ] || return 0
    for line in $(grep ' - nsfs ' /dev/null $pids 2>/dev/null); do
        file=${line%%:*}
        file=${file#/proc/}
        mounted "${file%/mountinfo}" "${line#*:}"
    done
}

find_descriptors() {
    for line in $(cd /proc && set +f && ls -l /dev/null [0-9]*/fd 2>/dev/null | grep -e '^[0-9]*/fd:$' -e ' -> net:\['); do
        case $line in
            *"/fd:") pid=${line%/fd:} ;;
            *" -> net:["*"]")
                inode=${line##* -> net:\[}
                inode=${inode%]}
                fd=${line%% -> *}
                fd=${fd##* }
                case $pid$fd$inode in *[!0-9]*) continue ;; esac
                named "$pid" || continue
                case $(identity "/proc/$pid/fd/$fd") in
                    *" $inode "*) found "$inode" fd "$pid $fd $comm" "/proc/$pid/fd/$fd" ;;
                esac
                ;;
        esac
    done
}

# Containers, from the files of their runtimes: lines `RUNTIME ID PID PATH NAME`, with tabs; the reader finds their namespaces.
# Only these words are taken from the files: the environment of a container may contain secrets.
find_containers() {
    containers=
    set +f
    for file in "$root"/var/lib/docker/containers/*/config.v2.json; do
        [ -r "$file" ] || continue
        id=${file%/*}
        add_container docker "${id##*/}" "$(sed -n \
            "s/.*\"Pid\":\([0-9]*\).*\"SandboxKey\":\"\([^\"]*\)\".*\"Name\":\"\/\([^\"]*\)\".*/\1$tab\2$tab\3/p" "$file" 2>/dev/null)"
    done
    for file in "$root"/run/containerd/io.containerd.runtime.v2.task/*/*/config.json; do
        [ -r "$file" ] || continue
        id=${file%/*} pid=
        { read -r pid <"$id/init.pid"; } 2>/dev/null
        of=io.kubernetes.cri.sandbox
        add_container containerd "${id##*/}" "$(sed -n \
            "s/.*\"$of-name\":\"\([^\"]*\)\".*\"$of-namespace\":\"\([^\"]*\)\".*\"type\":\"network\",\"path\":\"\([^\"]*\)\".*/$pid$tab\3$tab\2\/\1/p" \
            "$file" 2>/dev/null)"
    done
    for file in "$root"/run/containers/storage/*-containers/*/userdata/config.json; do
        [ -r "$file" ] || continue
        id=${file%/userdata/config.json} pid=
        { read -r pid <"${file%/config.json}/pidfile"; } 2>/dev/null
        of=io.kubernetes.pod
        add_container cri-o "${id##*/}" "$(sed -n \
            "s/.*\"$of.name\":\"\([^\"]*\)\".*\"$of.namespace\":\"\([^\"]*\)\".*\"type\":\"network\",\"path\":\"\([^\"]*\)\".*/$pid$tab\3$tab\2\/\1/p" \
            "$file" 2>/dev/null)"
    done
    for file in "$root"/var/lib/containers/storage/*-containers/containers.json; do
        [ -r "$file" ] || continue
        for line in $(sed 's/{"id":"/\
/g' "$file" 2>/dev/null | sed -n "s/^\([0-9a-f]*\)\",\"names\":\[\"\([^\"]*\)\".*/\1$tab\2/p"); do
            add_container podman "${line%%"$tab"*}" "$tab$tab${line#*"$tab"}"
        done
    done
    set -f
}

add_container() { # MAKER ID "PID PATH NAME" (with tabs), as found in its files
    case $3 in
        *"$newline"*) ;;
        *"$tab"*"$tab"?*) containers=$containers$1$tab$2$tab$3$newline ;;
    esac
}

about_host() {
    text date "$(date '+%s %z' 2>/dev/null)"
    name=
    { read -r name </proc/sys/kernel/hostname; } 2>/dev/null
    text hostname "$name"
    text versions "probe: 1
kernel: $(uname -srm 2>/dev/null)
ip: $(first ip -V)
bridge: $(first bridge -V)
nft: $(first nft -v)
form: $([ $json = yes ] && echo json || echo text)
entered by: $how"
    text namespaces "$table"
    [ -z "$containers" ] || text containers "$containers"
}

first() { # the first line of what a command says of itself, if it is there
    type "$1" >/dev/null 2>&1 || return 0
    attempt "$@"
    [ -z "$work" ] || [ -n "$said" ] || said=$(cat "$work/err$worker") # busybox prints its version there
    printf %s "${said%%"$newline"*}"
}

# --- the sweep -----------------------------------------------------------------------------------------------------------------

ip_in() { # PATH ("" : here), then options and words
    path=$1
    shift
    if [ -z "$path" ]; then
        run "$tool" "$@"
    elif [ $how = ip ] && { [ $crowded = no ] || [ -d "/etc/netns/${path##*/}" ]; }; then
        # by name if the namespace has one, so that `ip` uses its /etc/netns
        if is_name "$path"; then run "$tool" -n "${path##*/}" "$@"; else run "$tool" -n "$up$path" "$@"; fi
    else
        enter "$path" "$tool" "$@"
    fi
}

enter() { # PATH, and a command
    path=$1
    shift
    if [ $how = exec ]; then run ip netns exec "${path##*/}" "$@"; else run nsenter -n"$path" -- "$@"; fi
}

lines="link show
address show
route show table all root 0.0.0.0/0
route show table all root ::/0
neigh show nud all
neigh show proxy
rule show
netconf show
nexthop show"
words="link show
address show
-4 route show table all
-6 route show table all
neigh show nud all
neigh show proxy
-4 rule show
-6 rule show
netconf show
nexthop show
netns list-id"

bridge_lines="link show
fdb show
vlan show"

sweep() { # KEY PATH
    key=$1 late=no
    tables "$@"
    [ $late = no ] || return 0
    case $firewall in
        nft-json) other_in "$2" "nft -j list ruleset" nft -j list ruleset ;;
        nft-text) other_in "$2" "nft list ruleset" nft list ruleset ;;
        iptables)
            other_in "$2" iptables-save iptables-save
            [ $late = no ] && type ip6tables-save >/dev/null 2>&1 && other_in "$2" ip6tables-save ip6tables-save
            ;;
    esac
    case $key$status in # the kernel has no nf_tables: nowhere
        "$self"[!0]*) [ -n "$work" ] && grep -q 'not supported' "$work/err$worker" 2>/dev/null && firewall=none ;;
    esac
    eval "first=\${first_$key-}"
    # Rules of iptables-legacy, which nft does not show.
    if [ $quick = no ] && [ $late = no ] && [ $legacy = yes ] && has_tables "$first" "$2"; then
        for old in iptables-legacy-save ip6tables-legacy-save; do
            [ $late = no ] && type $old >/dev/null 2>&1 && other_in "$2" $old $old
        done
    fi
    if [ $quick = no ] && [ $late = no ] && [ $filters = yes ]; then
        other_in "$2" "tc filter show" sh -c "$tc_filters"
    fi
    if [ $quick = no ] && [ $late = no ] && [ $ebtables = yes ]; then
        other_in "$2" ebtables-legacy-save ebtables-legacy-save
    fi
    # `wg show` prints no secret key, unless the environment asks for them. The socket of a wireguard link is of no process.
    [ $late = no ] && [ $wireguard = yes ] && other_in "$2" "wg show" wg show
    [ $late = no ] && { [ -n "$first" ] || [ $wireguard = yes ]; } && [ $sockets = yes ] && other_in "$2" "ss -H -lntup" ss -H -lntup
    [ $late = no ] && [ $quick = no ] || return 0
    if [ "$key" = "$self" ]; then other_in "$2" "sysctl -a" sh -c "$settings $settings_of_the_host"; else
        other_in "$2" "sysctl -a" sh -c "$settings"
    fi
    if [ $late = no ] && is_name "$2" && [ -f "/etc/netns/${2##*/}/resolv.conf" ]; then
        escaped "/etc/netns/${2##*/}/resolv.conf"
        begin "$key" "cat $escaped"
        run cat "/etc/netns/${2##*/}/resolv.conf"
        end $status
    fi
    return 0
}

# tc shows filters per link and direction; only links with a clsact or ingress qdisc have any.
tc_filters="set -f; tc qdisc show | sed -n 's/^qdisc \\(clsact\\|ingress\\) .* dev \\([^ ]*\\) .*/\\2/p' | while read -r dev; do
    for way in ingress egress; do tc filter show dev \"\$dev\" \$way 2>/dev/null | sed \"s|^|\$dev \$way: |\"; done
done"

# The reader turns this into lines of `sysctl -a`; running `sysctl -a` itself would take twenty times as long.
settings="cd /proc/sys/net && exec grep -s . ipv4/ip_forward ipv4/*_l3mdev_accept ipv4/fib_multipath_hash_policy \
ipv4/icmp_echo_ignore_all ipv6/fib_multipath_hash_policy ipv6/icmp/echo_ignore_all netfilter/nf_conntrack_count \
netfilter/nf_conntrack_max bridge/bridge-nf-call-*tables ipv4/conf/*/accept_local ipv4/conf/*/arp_announce \
ipv4/conf/*/arp_filter ipv4/conf/*/arp_ignore ipv4/conf/*/forwarding ipv4/conf/*/promote_secondaries \
ipv4/conf/*/route_localnet ipv4/conf/*/rp_filter ipv4/conf/*/src_valid_mark ipv6/conf/*/accept_ra \
ipv6/conf/*/disable_ipv6 ipv6/conf/*/forwarding"
settings_of_the_host="ipv4/neigh/default/gc_thresh[123] ipv6/neigh/default/gc_thresh[123]"

bridges() { # KEY PATH
    key=$1 late=no tool=bridge
    case $bridge in
        json)
            begin "$key" "batch bridge -j: $joined_bridge_lines"
            batch=$bridge_lines
            ip_in "$2" -j -force
            batch=
            end $status
            ;;
        text)
            for table in link fdb vlan; do
                [ $late = no ] || return 0
                begin "$key" "bridge $table show"
                ip_in "$2" $table show
                end $status
            done
            ;;
    esac
}

gress='"hook": "\(in\|e\)gress"'

contents_of_xt() { # KEY PATH: rules that nft prints only as `xt`, without their contents
    key=$1 late=no
    for save in iptables-save ip6tables-save; do
        [ $late = no ] && type $save >/dev/null 2>&1 && other_in "$2" $save $save
    done
}

devices_of_chains() { # KEY PATH: the devices of chains at ingress and egress, which the JSON of nft before 1.0.7 does not contain
    key=$1 late=no
    other_in "$2" "nft list ruleset" nft list ruleset
}

has_tables() { # PID PATH: of a process in the namespace; where none is known, by its path
    name=
    if [ -n "$1" ] || [ -z "$2" ]; then
        { read -r name <"/proc/${1:-self}/net/ip_tables_names" || read -r name <"/proc/${1:-self}/net/ip6_tables_names"; } 2>/dev/null
        [ -n "$name" ]
    elif [ $nsenter = yes ] || [ $how = exec ]; then
        enter "$2" grep -qs . /proc/self/net/ip_tables_names /proc/self/net/ip6_tables_names
        [ $status -eq 0 ]
    else
        false
    fi
}

other_in() { # PATH COMMAND, and its words
    path=$1
    [ -z "$path" ] || [ $nsenter = yes ] || [ $how = exec ] || return 0
    begin "$key" "$2"
    shift 2
    if [ -z "$path" ]; then run "$@"; else enter "$path" "$@"; fi
    end $status
}

either() { # PATH TOOL OPTION FILE: the tool where it is installed, else the file that it reads
    if type "$2" >/dev/null 2>&1; then other_in "$1" "$2 $3" "$2" "$3"; else other_in "$1" "cat $4" cat "$4"; fi
}

tables() { # KEY PATH
    tool=ip
    if [ $ip = no ]; then
        for table in dev arp route if_inet6 ipv6_route fib_trie; do
            other_in "$2" "cat /proc/net/$table" cat /proc/net/$table
        done
        return 0
    fi
    if [ $json = yes ]; then
        begin "$key" "batch ip -j -d -s: $joined_lines"
        batch=$lines
        ip_in "$2" -j -d -s -force
        end $status
        batch=
        [ $late = no ] || return 0
        begin "$key" "ip -6 -j -d -s rule show"
        ip_in "$2" -6 -j -d -s rule show
        end $status
    else
        for line in $words; do
            [ $late = no ] || return 0
            IFS=' '
            set -- "$1" "$2" $line
            IFS=$newline
            path=$2
            shift 2
            option=
            case $1 in -4 | -6) option=$1 && shift ;; esac
            begin "$key" "ip ${option:+$option }${details:+-d -s }${line#-[46] }"
            ip_in "$path" $option $details "$@"
            end $status
            set -- "$key" "$path"
            [ $status -ne 0 ] && [ $status -ne 124 ] || continue
            case $line in # a busybox that was built without
                "neigh show nud all") either "$2" arp -n /proc/net/arp ;;
                "-4 route show table all") either "$2" route -n /proc/net/route ;;
            esac
        done
    fi
}

join() { # LINE...: sets `joined`, as a mark says a batch
    joined=
    for line; do joined="$joined; $line"; done
    joined=${joined#; }
}

sweep_all() {
    join $lines
    joined_lines=$joined
    join $bridge_lines
    joined_bridge_lines=$joined
    if [ -n "$work" ]; then # what a killed command leaves running would hold standard output
        { sweep "$self" "" && bridges "$self" ""; } >"$work/root"
        if [ $firewall = nft-json ] && grep -q '"xt"' "$work/root" 2>/dev/null; then contents_of_xt "$self" "" >>"$work/root"; fi
        if [ $firewall = nft-json ] && grep -q "$gress" "$work/root" 2>/dev/null; then devices_of_chains "$self" "" >>"$work/root"; fi
        ends_of "$work/root"
        list_id "$self" "" >>"$work/root"
        list_names >>"$work/root"
        printed=yes
        cat "$work/root"
    else
        sweep "$self" ""
        bridges "$self" ""
        list_id "$self" ""
    fi
    if [ $how = none ]; then
        without_root
    elif [ -z "$work" ]; then
        for one in $keys; do
            one "$one"
            bridges "$one" "$way"
            list_id "$one" "$way"
        done
    else
        turns=$newline
        if [ $serial = no ]; then
            : | two &
            sweeper=$!
            wait $sweeper
        fi
        if [ $serial = yes ] || [ -e "$work/one" ]; then
            turns=
            work_through 1 $keys &
            sweeper=$!
            wait $sweeper
        fi
        sweeper=
        in_doubt
    fi
    verify
}

list_id() { # KEY PATH
    [ $json = yes ] && [ -z "$waits" ] || return 0
    key=$1 late=no tool=ip
    begin "$key" "ip -j -d -s netns list-id"
    ip_in "$2" -j -d -s netns list-id
    end $status
}

# Some kernels cut the answer to list-id off after 4 KiB: then `ip netns list` asks for the nsid of each name.
list_names() {
    [ $json = yes ] && [ -z "$waits" ] || return 0
    numbers=$(grep -o -e '"link_netnsid":[0-9]*' -e '"nsid":[0-9]*' "$work/root" 2>/dev/null)
    for number in $numbers; do
        case $number in '"nsid":'*) eval "listed_${number##*:}=yes" ;; esac
    done
    for number in $numbers; do
        eval "listed=\${listed_${number##*:}-}"
        [ -z "$listed" ] || continue
        begin "$key" "ip -j -d -s netns list"
        ip_in "" -j -d -s netns list
        end $status
        return
    done
}

# Write the links of files `out.KEY` that lead to another namespace to the file `ends`: lines `KEY_INDEX_INDEX`, without a key for
# the probe's own namespace. `ip netns list-id` opens every file of /run/netns, so it runs only for a link that is not clearly the
# other end of exactly one link of the own namespace.
ends_of() { # FILE...
    [ $json = yes ] || return 0
    # `grep | while read` would be slow: a shell reads a pipe byte by byte.
    for found in $(grep -o -e '"ifindex":[0-9]*' -e '"link_index":[0-9]*' -e '"link_netnsid":' /dev/null "$@" 2>/dev/null); do
        case $found in
            *'"ifindex":'*) index=${found##*:} partner= ;;
            *'"link_index":'*) partner=${found##*:} ;;
            *)
                file=${found%:*:}
                echo "${file##*[!0-9]}_${index}_${partner:-$index}"
                ;;
        esac
    done >>"$work/ends$worker"
}

in_doubt() {
    [ $json = yes ] && [ -z "$waits" ] || return 0
    ends=$(cat "$work/ends0" "$work/ends1" "$work/ends2" 2>/dev/null)
    for end in $ends; do
        one=${end%%_*} pair=${end#*_}
        case $end in
            _*) eval "own_$pair=yes" ;;
            *) eval "others_$pair=\${others_$pair:-$one}; [ \$others_$pair = $one ] || others_$pair=several" ;;
        esac # (`ip link` and `ip address` both list each end)
    done
    asked= worker=0
    for end in $ends; do
        one=${end%%_*} pair=${end#*_}
        case $end in _* | "$asked"_*) continue ;; esac
        eval "mine=\${own_${pair#*_}_${pair%_*}-} theirs=\${others_${pair#*_}_${pair%_*}-} same=\$others_$pair"
        [ -z "$mine" ] || [ -n "$theirs" ] || [ "$same" = several ] || continue
        asked=$one
        known "$one"
        [ -e "$way" ] || way=$other
        [ -z "$way" ] || ! [ -e "$way" ] || list_id "$one" "$way" >"$work/listed"
        cat "$work/listed" 2>/dev/null
        rm -f "$work/listed"
    done
}

one() { # KEY: sweep it, by the way in that is still there
    known "$1"
    escaped "$way"
    place=$escaped
    [ -e "$way" ] || way=$other
    if [ $how = exec ] && ! is_name "$way"; then
        note "namespace $1 ($place): no way in with this ip and without nsenter"
    elif [ -n "$way" ] && [ -e "$way" ]; then
        sweep "$1" "$way"
        [ -z "$work" ] || echo "$1 -" >"$work/now$worker" # nothing to kill
        [ "$status" -eq 0 ] || [ -e "$way" ] || note "namespace $1 ($place) vanished while it was read"
    else
        note "namespace $1 ($place) vanished before it was read"
    fi
}

# Two workers: each gathers 48 namespaces in files, then prints them all at once. A worker may print after it has read an empty
# line from a pipe that both share (standard input here, opened for writing, too).
two() {
    if ! (exec 9<>/proc/self/fd/0) 2>/dev/null; then
        echo >"$work/one"
        return
    fi
    exec 9<>/proc/self/fd/0
    echo >&9
    odd= even=
    for one in $keys; do
        even=$even$one$newline
        swap=$odd odd=$even even=$swap
    done
    work_through 1 $odd &
    first=$!
    work_through 2 $even &
    second=$!
    trap '{ kill $first $second; wait $first; wait $second; } 2>/dev/null; exit 143' TERM
    wait $first
    wait $second
}

work_through() { # WORKER KEY...
    worker=$1 slot=0 count=0 printing=no stopping=no
    shift
    trap - EXIT
    trap 'worker_stopped' TERM
    for one; do
        [ -d "$work" ] || exit 1
        slot=$((slot + 1))
        eval "slot$slot=\$one"
        one "$one" >"$work/out$worker.$one"
        eval "way$slot=\$way"
        [ $slot -lt 48 ] || print_slots || exit 1
    done
    print_slots
    echo "$count" >"$work/count$worker"
}

worker_stopped() {
    trap '' PIPE # the other worker waits for its turn, also where nobody reads any more
    [ -z "$child" ] || (kill_all "$child") 2>/dev/null
    stopping=yes
    if [ $printing = no ]; then
        print_slots
    elif [ -n "$turns" ]; then # it was its turn, and all is printed
        echo >&9
    fi
    exit 143
}

print_slots() {
    [ $slot -gt 0 ] || return 0
    gathered= n=0
    while [ $n -lt $slot ]; do
        n=$((n + 1))
        eval "one=\$slot$n"
        gathered=$gathered$work/out$worker.$one$newline
        eval "way_of_$one=\$way$n"
    done
    # Only with a bridge or a vxlan does a forwarding table contain more than the links.
    [ $stopping = yes ] || for file in $(grep -l -e '"bridge"' -e '"vxlan"' -e ' bridge ' -e ' vxlan ' $gathered 2>/dev/null); do
        one=${file##*.}
        eval "way=\$way_of_$one"
        bridges "$one" "$way" >>"$file"
    done
    [ $stopping = yes ] || [ $firewall != nft-json ] || for file in $(grep -l '"xt"' $gathered 2>/dev/null); do
        one=${file##*.}
        eval "way=\$way_of_$one"
        contents_of_xt "$one" "$way" >>"$file"
    done
    [ $stopping = yes ] || [ $firewall != nft-json ] || for file in $(grep -l "$gress" $gathered 2>/dev/null); do
        one=${file##*.}
        eval "way=\$way_of_$one"
        devices_of_chains "$one" "$way" >>"$file"
    done
    ends_of $gathered
    [ -z "$turns" ] || read -r turn <&9
    printing=yes
    cat $gathered >&4 # not standard output: a signal may find that redirected
    printed=$?
    [ -z "$child" ] || echo >&4 # what a signal cut off has no end
    [ -z "$turns" ] || echo >&9
    rm -f $gathered
    slot=0 printing=no
    return $printed
}

# Print the parts of other namespaces that /proc/PID/net shows without root. A file there has the same inode for all processes of a
# namespace, but only root can see the namespace's own inode: the key is `proc:INODE`.
without_root() {
    own=$(identity /proc/self/net/dev)
    own=${own#* }
    own=${own%% *}
    others=
    for line in $(cd /proc && set +f && identity [0-9]*/net/dev); do
        inode=${line#* }
        pid=${inode#* } inode=${inode%% *}
        pid=${pid%%/*}
        case $pid$inode in *[!0-9]*) continue ;; esac
        [ "$inode" != "$own" ] && named "$pid" || continue
        escaped "$pid $comm"
        others=${others}proc:$inode${tab}pid$tab$escaped$newline
        eval "seen=\${proc_$inode-}"
        [ -z "$seen" ] || continue
        eval "proc_$inode=yes"
        for name in dev arp route fib_trie if_inet6 ipv6_route; do
            key=proc:$inode late=no
            begin "$key" "cat /proc/$pid/net/$name"
            run cat "/proc/$pid/net/$name"
            end $status
        done
    done
    [ -z "$others" ] || text namespaces "$others"
}

verify() { # that the ways still lead where they led: a process number or a name may have been used again meanwhile
    ways= wanted=
    for one in $keys; do
        known "$one"
        case $way in *[!-A-Za-z0-9_.:@+/]*) continue ;; esac
        ways=$ways$way$newline
        wanted=$wanted$nsfs\ $one\ $way$newline
    done
    [ -n "$ways" ] || return 0
    now=$(identity $ways)$newline
    [ "$now" != "$wanted" ] || return 0
    for one in $keys; do
        known "$one"
        case $newline$now in
            *"$newline$nsfs $one $way$newline"*) ;;
            *" $way$newline"*) note "namespace $one: $way led to another one in the end; its tables may be of either" ;;
        esac
    done
}

collect_notes() { # and the numbers of sections of the workers
    [ -n "$work" ] || return 0
    for file in "$work/count1" "$work/count2"; do
        more=0
        { read -r more <"$file"; } 2>/dev/null
        count=$((count + more))
    done
    for file in "$work/notes1" "$work/notes2"; do
        [ ! -s "$file" ] || notes=$notes$(cat "$file")$newline
    done
}

netwrap_probe "$@"; exit # in one line, because bash reads line by line: standard input may stay open, and nothing more comes
