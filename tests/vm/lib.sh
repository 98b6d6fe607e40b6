# shellcheck shell=bash
# A virtual machine with a network card that has RSS, commanded over its serial line: sourced by check.sh, which sets
# $work (a directory of its own), $kernel, $image and $bed (the name of a testbed with a tap).
result()
{
	if [ "$1" -eq 0 ]; then
		passed=$((passed + 1))
		echo "ok $((passed + failed)) - $2"
	else
		failed=$((failed + 1))
		echo "not ok $((passed + failed)) - $2"
	fi
}

# The processor is emulated: no hardware is needed, and the figures of this machine mean nothing.
vm_start()
{
	mkfifo "$work/typed"
	"$ixlab" testbed run --name "$bed" --server -- qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m 640 \
		-nodefaults -no-user-config -display none -serial stdio -no-reboot \
		-kernel "$(echo "$kernel"/boot/vmlinuz-*)" -initrd "$image" -append 'console=ttyS0 quiet panic=-1' \
		-netdev tap,id=net,ifname=tap0,script=no,downscript=no,queues=4,vhost=off \
		-device virtio-net-pci,netdev=net,mq=on,rss=on,hash=on,vectors=10,disable-legacy=on,addr=2 \
		<"$work/typed" >"$work/console" 2>"$work/qemu.log" &
	vm=$!
	exec 3>"$work/typed" # after the reader: opening waits for it
	vm_seen=0
}

# vm_await PATTERN SECONDS: a line of the console after those already awaited; it is printed. 1 when the time is over or
# the machine is gone.
vm_await()
{
	local deadline=$((SECONDS + $2)) line
	while :; do
		# Without the last line, which may be half there.
		line=$({ tail -n +$((vm_seen + 1)) "$work/console"; echo; } | sed '$d' | tr -d '\r' | grep -nE -m 1 -e "$1")
		if [ -n "$line" ]; then
			vm_seen=$((vm_seen + ${line%%:*}))
			echo "${line#*:}" >"$work/line"
			return 0
		fi
		[ $SECONDS -lt $deadline ] && kill -0 "$vm" 2>/dev/null || return 1
		sleep 0.1
	done
}

# vm_do SECONDS COMMAND: done there; its exit code.
vm_do()
{
	echo "$2" >&3
	vm_await '^= [0-9]+$' "$1" || return 124
	return "$(sed 's/^= //' "$work/line")"
}

vm_stop()
{
	[ -n "${vm-}" ] || return 0
	echo 'poweroff -f' >&3 2>/dev/null
	exec 3>&-
	for _ in $(seq 100); do
		kill -0 "$vm" 2>/dev/null || break
		sleep 0.1
	done
	kill -KILL "$vm" 2>/dev/null
	wait "$vm" 2>/dev/null
	vm=
}
