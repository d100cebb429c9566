# netwrap probe: prints links, addresses, routes, neighbours, rules and more of every network namespace of this host.
# POSIX sh (dash, busybox ash). Needs `ip`; takes `bridge`, `nft` or `iptables-save`, `nsenter` where they are.
#
#   sh probe.sh [--no-json] [--timeout SECONDS] [--serial] > host.netwrap
#   ssh router sh -s < probe.sh > router.txt           ssh router sh -s -- --no-json < probe.sh > router.txt
#
# It changes nothing. The output is read by netwrap (netwrap/capture.py, which describes its form). Every mark carries a
# random token, so that nothing a command prints can pass for one. Names are data: they are only ever quoted words.

netwrap_probe() {
    LC_ALL=C NO_COLOR=1
    export LC_ALL NO_COLOR
    unset LANGUAGE LANG IPROUTE2_COLOR CDPATH ENV
    PATH=$PATH:/usr/sbin:/sbin:/usr/bin:/bin
    umask 077
    set -f
    newline='
'
    tab=$(printf '\t')
    IFS=$newline
    json=yes limit=60 serial=no
    while [ $# -gt 0 ]; do
        case $1 in
            --no-json) json=no ;;
            --serial) serial=yes ;;
            --timeout) limit=${2-} && shift ;;
            --timeout=*) limit=${1#*=} ;;
            *) echo "probe.sh: $1 is none of --no-json, --serial, --timeout SECONDS" >&2 && return 2 ;;
        esac
        shift
    done
    case $limit in
        '' | *[!0-9]*) echo "probe.sh: --timeout takes whole seconds" >&2 && return 2 ;;
    esac

    token=
    read -r token 2>/dev/null </proc/sys/kernel/random/uuid || token=$$-$(date +%s%N)-$(ls -id /proc/self/task 2>/dev/null)
    token=$(printf %s "$token" | tr -dc 'A-Za-z0-9-')
    notes=$newline key= out=
    scratch
    echo "netwrap capture 1 $token"
    find_how
    find_namespaces
    about_host
    sweep_all
    finish
}

# --- marks -------------------------------------------------------------------------------------------------------------

begin() { # NETNS COMMAND
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

note() { # TEXT (one line)
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

# --- running, with the time watched --------------------------------------------------------------------------------------

scratch() { # a folder for what is said on standard error, and for the second worker
    work= worker=0 said= watchdog=
    for dir in "${TMPDIR:-/tmp}" /tmp /run /dev/shm /var/tmp; do
        if mkdir "$dir/netwrap-$$-$token" 2>/dev/null; then
            work=$dir/netwrap-$$-$token
            break
        fi
    done
    if [ -z "$work" ]; then
        note "no folder to write to: one namespace at a time, and no time-out"
        return
    fi
    trap 'leave' EXIT
    trap 'leave; trap - EXIT; exit 143' HUP INT TERM
    watch </dev/null >/dev/null 2>&1 &
    watchdog=$!
}

leave() {
    [ -z "$watchdog" ] || kill "$watchdog" 2>/dev/null
    [ -z "$work" ] || rm -rf "$work"
}

# One watchdog for all: it kills the command of a namespace that has had its time. A file a worker, `NAMESPACE PID`.
watch() {
    trap - EXIT HUP INT TERM
    IFS=' '
    age0=0 age1=0 age2=0 last0= last1= last2=
    while sleep 1; do
        kill -0 $$ 2>/dev/null || { rm -rf "$work"; return; }
        for w in 0 1 2; do
            serial_= pid=
            { read -r serial_ pid <"$work/now$w"; } 2>/dev/null || continue
            eval "last=\$last$w age=\$age$w"
            [ "$last" = "$serial_" ] && age=$((age + 1)) || age=0
            eval "last$w=\$serial_ age$w=\$age"
            case $pid in '' | *[!0-9]*) continue ;; esac
            if [ "$age" -ge "$limit" ]; then
                echo "$serial_" >"$work/late$w"
                kill -9 "$pid" 2>/dev/null
            fi
        done
    done
}

# Run a command; its lines of a batch are in $batch. Sets `status`; 124 where it was killed.
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
    wait $! || status=$?
    echo "$key -" >"$work/now$worker"
    if [ "$status" -gt 128 ] && [ -s "$work/late$worker" ]; then
        status=124
        echo "netwrap: no end after $limit seconds; killed" >>"$work/err$worker"
        late=yes
    fi
}

# --- how namespaces are entered, and what the binaries can ------------------------------------------------------------------

find_how() {
    up= how= batch= details= bridge=
    if ! type ip >/dev/null 2>&1; then
        note "ip is not installed here: only what /proc shows"
        json=no
    fi
    said=$(ip -d -s link show dev lo 2>&1 </dev/null) && details="-d$newline-s"
    if [ "$json" = yes ]; then
        json=no
        # Releases before 5.5 print JSON of routes that is none (multipath, metrics); `neigh get` came with 5.5.
        said=$(ip -j -d -s -force -batch - 2>/dev/null <<END
rule show
rule show
END
        )
        case $said in
            "[{"*"]$newline[{"*"]")
                ip neigh get 127.0.0.1 dev lo >/dev/null 2>&1 </dev/null
                [ $? -eq 255 ] || json=yes
                ;;
        esac
        [ "$json" = yes ] || note "this ip has no JSON that can be relied on: text"
    fi
    if type bridge >/dev/null 2>&1; then
        bridge=text
        if [ "$json" = yes ]; then
            said=$(bridge -j -force -batch - 2>/dev/null <<END
link show
link show
END
            )
            case $said in "["*"]$newline["*"]") bridge=json ;; esac
        fi
    fi
    for up in ../.. ../../..; do
        ip -n $up/proc/self/ns/net link show dev lo >/dev/null 2>&1 </dev/null && how=ip && break
    done
    nsenter=no
    nsenter -n/proc/self/ns/net true >/dev/null 2>&1 </dev/null && nsenter=yes
    [ -n "$how" ] || { [ $nsenter = yes ] && how=nsenter; } || how=none
    firewall=none
    if type nft >/dev/null 2>&1; then
        firewall=nft-text
        [ "$json" = yes ] && nft -j list tables >/dev/null 2>&1 </dev/null && firewall=nft-json
        [ "$json" = yes ] && [ $firewall = nft-text ] && ! nft list tables >/dev/null 2>&1 </dev/null && firewall=nft-json
    elif type iptables-save >/dev/null 2>&1; then
        firewall=iptables
    fi
    [ $how != none ] || note "no right to enter namespaces: root would add the tables of all the others, and the firewall's"
}

# --- the namespaces ----------------------------------------------------------------------------------------------------------

found() { # KEY HOW VALUE PATH: one more sign of a namespace; the first two paths are ways into it
    case $1 in '' | *[!0-9]*) return ;; esac
    escaped "$3"
    table=$table$1$tab$2$tab$escaped$newline
    [ -n "$4" ] || return 0
    eval "way=\${way_$1-} other=\${other_$1-}"
    if [ -z "$way" ]; then
        eval "way_$1=\$4"
        [ "$1" = "$self" ] || keys=$keys$1$newline
    elif [ -z "$other" ]; then
        eval "other_$1=\$4"
    fi
}

files() { # HOW, then files that may hold namespaces
    sort=$1
    shift
    safe= odd=
    for file; do
        if ! [ -e "$file" ]; then
            [ -L "$file" ] && escaped "$file" && note "$escaped leads nowhere"
            continue
        fi
        case $file in
            *[!-A-Za-z0-9_.:@+/]*) found_file "$(identity "$file")" "$file" ;;
            *) safe=$safe$file$newline ;;
        esac
    done
    [ -n "$safe" ] || return 0
    for line in $(identity $safe); do
        file=${line#* * }
        found_file "${line%" $file"}" "$file"
    done
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
    # Without stat: namespaces have the inodes from 0xeffffff8 on.
    if [ -n "$inode" ] && [ "$device" = "$nsfs" ] && [ "$inode" -ge 4026531832 ]; then
        case $sort in
            name) found "$inode" name "${2##*/}" "$2" ;;
            *) found "$inode" "$sort" "$2" "$2" ;;
        esac
    elif [ "$sort" = name ]; then
        escaped "$2"
        note "$escaped is no namespace any more"
    fi
}

find_namespaces() {
    table= keys= stat=no
    stat -L -c %i /proc/self/ns/net >/dev/null 2>&1 && stat=yes
    self=$(identity /proc/self/ns/net)
    nsfs=${self%% *} self=${self#* }
    self=${self%% *}
    found "$self" self /proc/self/ns/net /proc/self/ns/net
    set +f
    for dir in /run/netns /var/run/netns; do
        [ -d $dir ] || continue
        files name $dir/* $dir/.[!.]* $dir/..?*
        break
    done
    for dir in /run/docker/netns /var/run/docker/netns /run/snap.docker/netns /run/user/*/netns /run/user/*/containers/networks/rootless-netns; do
        [ ! -d "$dir" ] || files path "$dir"/*
    done
    set -f
    for line in $(cd /proc && set +f && ls -l [0-9]*/ns/net 2>/dev/null); do
        inode=${line##* -> net:\[}
        pid=${line%%/ns/net -> *}
        pid=${pid##* }
        comm=
        { read -r comm <"/proc/$pid/comm"; } 2>/dev/null
        [ "$pid" = $$ ] || [ "$pid" = "$watchdog" ] || [ -z "$comm" ] || found "${inode%]}" pid "$pid $comm" "/proc/$pid/ns/net"
    done
}

about_host() {
    text date "$(date '+%s %z' 2>/dev/null)"
    name=
    { read -r name </proc/sys/kernel/hostname; } 2>/dev/null
    text hostname "$name"
    text versions "probe: 1
kernel: $(uname -srm 2>/dev/null)
ip: $(ip -V 2>&1 | head -n 1)
bridge: $bridge
json: $json
how: $how"
    text namespaces "$table"
}

# --- the sweep -----------------------------------------------------------------------------------------------------------------

ip_in() { # PATH ("" : here), then options and words
    path=$1
    shift
    if [ -z "$path" ]; then
        run "$tool" "$@"
    elif [ $how = ip ]; then
        run "$tool" -n "$up$path" "$@"
    else
        run nsenter -n"$path" "$tool" "$@"
    fi
}

lines="link show
address show
route show table all root 0.0.0.0/0
route show table all root ::/0
neigh show nud all
neigh show proxy
rule show
netconf show
nexthop show
netns list-id"
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
    tool=bridge
    case $bridge in
        json)
            begin "$key" "batch bridge -j: $(join $bridge_lines)"
            batch=$bridge_lines
            ip_in "$2" -j -force
            end $status
            batch=
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
    [ $late = no ] || return 0
    case $firewall in
        nft-json) firewall_in "$2" "nft -j list ruleset" nft -j list ruleset ;;
        nft-text) firewall_in "$2" "nft list ruleset" nft list ruleset ;;
        iptables)
            firewall_in "$2" iptables-save iptables-save
            type ip6tables-save >/dev/null 2>&1 && [ $late = no ] && firewall_in "$2" ip6tables-save ip6tables-save
            ;;
    esac
}

firewall_in() { # PATH COMMAND, and its words
    path=$1
    [ -z "$path" ] || [ $nsenter = yes ] || return 0
    begin "$key" "$2"
    shift 2
    if [ -z "$path" ]; then run "$@"; else run nsenter -n"$path" "$@"; fi
    end $status
}

tables() { # KEY PATH
    tool=ip
    if [ $json = yes ]; then
        begin "$key" "batch ip -j -d -s: $(join $lines)"
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
        done
    fi
}

join() {
    joined=
    for line; do joined="$joined; $line"; done
    printf %s "${joined#; }"
}

sweep_all() {
    sweep "$self" ""
    [ $how != none ] || return 0
    for one in $keys; do
        eval "way=\$way_$one"
        sweep "$one" "$way"
    done
}

finish() {
    text notes "$notes"
    printf '@%s done\n' "$token"
}

netwrap_probe "$@"
