#!/usr/bin/env bash
# What `make check-vm` does: boots a virtual machine whose network card has RSS (QEMU's virtio-net with a redirection table of
# 128 entries), runs the dataplane in it on DPDK's back end `ethdev`, and lets the kernel of this machine be its TCP peer while
# the redirection table is rewritten. Ends with "N passed, N failed"; exit code 0 if all passed, 77 if something is missing
# here, 1 otherwise. IXLAB_BIN holds the programs, VM_CACHE what is downloaded.
set -u
cd "$(dirname "$0")/../.." || exit 1
: "${IXLAB_BIN:=$PWD/build/bin}" "${VM_CACHE:=.cache/vm}"
ixlab=$IXLAB_BIN/ixlab
here=tests/vm
. $here/lib.sh
passed=0
failed=0

lacking=
for program in qemu-system-x86_64:qemu-system-x86 busybox:busybox-static ip:iproute2 ethtool:ethtool ldd:libc-bin \
	strip:binutils /usr/bin/python3:python3; do
	command -v "${program%%:*}" >/dev/null || lacking="$lacking ${program##*:}"
done
[ -z "$lacking" ] || { echo "check-vm cannot run: these packages are missing; apt-get install$lacking" >&2; exit 77; }
unshare -n true 2>/dev/null || { echo "check-vm cannot run: it needs root and network namespaces" >&2; exit 77; }
[ -w /dev/net/tun ] || { echo "check-vm cannot run: no /dev/net/tun; modprobe tun" >&2; exit 77; }
kernel=$($here/fetch_kernel.sh "$VM_CACHE") || exit 77

work=$(mktemp -d)
bed=vm$$
image=$work/image.gz
trap 'vm_stop; "$ixlab" testbed down --name $bed >/dev/null 2>&1; rm -rf "$work"' EXIT

# stat KEY: from the line of JSON that ixdp-stat printed last.
stat()
{
	/usr/bin/python3 -c '
import json, sys
page = json.load(open(sys.argv[1]))
print(page[sys.argv[2]] if sys.argv[2] in page else " ".join(str(t[sys.argv[2]]) for t in page["threads"]))' "$work/page" "$1"
}

look()
{
	echo 'ixdp-stat --interval 10 --once --json' >&3
	vm_await '^\{' 30 && cp "$work/line" "$work/page" && vm_await '^= 0$' 10
}

echoes()
{
	timeout 120 "$ixlab" testbed run --name $bed -- tests/integration/ixdp/echo_client --patience 60 "$@"
}

cat >"$work/ixdp.cfg" <<'EOF'
address = "10.77.0.1";
prefix = 24;
threads = 2;
idle = "sleep";
device: { type = "ethdev"; pci = "0000:00:02.0"; packets = 8192; };
tcp: { time_wait_ms = 1; };
application: { name = "echo"; };
EOF
"$ixlab" testbed up --name $bed --device tap --queues 4 >"$work/up" || exit 1
$here/image.sh "$kernel" "$image" $here/init "$IXLAB_BIN/ixdp" "$IXLAB_BIN/ixdp-stat" "$work/ixdp.cfg" || exit 1

vm_start
vm_await '^ready: ' 120
result $? "the virtual machine boots: $(cat "$work/line" 2>/dev/null)"
[ $failed -eq 0 ] || { tail -n 20 "$work/console" "$work/qemu.log" | cut -c1-160; exit 1; }
# Its complaints go to a file, or they get into the midst of other lines.
echo 'ixdp -c /ixdp.cfg 2>/complaints & dataplane=$!' >&3
vm_await '^# device: net_virtio, back end ethdev, 2 receive' 60
result $? "the dataplane runs on two queues of the card"
vm_await '^# hardware: RETA of the NIC.*huge pages' 10
result $? "it uses the card's redirection table and huge pages"
vm_await '^# self-test: RETA of 128 entries and key read back' 10
result $? "its self-test passes"
vm_await '^# running' 60

echoes --connections 20 --bytes 100000 --busy 4 >"$work/echo"
result $? "messages of 100 kB come back byte by byte"
sed 's/^/# /' "$work/echo"
echoes --connections 200 --rounds 2 >"$work/echo"
result $? "200 connections"
sed 's/^/# /' "$work/echo"
look
read -r first second <<<"$(stat received)"
[ "${first:-0}" -gt 200 ] && [ "${second:-0}" -gt 200 ]
result $? "the card spread them over both queues: ${first-} and ${second-} packets"

# The redirection table is rewritten under load: everything to one queue, to the other, half and half.
echoes --connections 50 --bytes 300 --seconds 20 >"$work/echo" &
load=$!
moves=0
while kill -0 $load 2>/dev/null; do
	for target in all:0 all:1 0-63:0; do
		vm_do 30 "ixdp-stat --migrate $target" && moves=$((moves + 1))
	done
done
wait $load
result $? "no connection is lost and no byte wrong while the redirection table is rewritten"
sed 's/^/# /' "$work/echo"
[ $moves -ge 6 ]
result $? "it was rewritten again and again: $moves times"

# The card obeys: with all groups on one queue, the other one gets nothing new.
for thread in 0 1; do
	vm_do 30 "ixdp-stat --migrate all:$thread"
	look
	read -ra before <<<"$(stat received)"
	echoes --connections 20 --rounds 3 >/dev/null
	look
	read -ra after <<<"$(stat received)"
	other=$((1 - thread))
	[ $((after[thread] - before[thread])) -ge 60 ] && [ "${after[other]}" -eq "${before[other]}" ]
	result $? "all groups to queue $thread: $((after[thread] - before[thread])) packets there, $((after[other] - before[other])) on the other"
done
echo "# $(stat migrated_groups) groups moved, $(stat packets_deferred) packets deferred, misrouted $(stat misrouted), dropped $(stat dropped)"
for _ in $(seq 50); do
	look && [ "$(stat pcbs) $(stat stack_objects) $(stat timers)" = "0 0 0" ] && break
	sleep 0.2
done
[ "$(stat pcbs) $(stat stack_objects) $(stat timers)" = "0 0 0" ]
result $? "afterwards no PCB, no object of the stack, no timer is left"
vm_do 30 'kill -TERM $dataplane; wait $dataplane'
result $? "the dataplane stops cleanly"
vm_stop
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
