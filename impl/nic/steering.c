#include "impl/nic/steering.h"

#include <dirent.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PROGRAM_MAX 160

/* Offsets in a frame. */
enum { ETHER_TYPE = 12, IP = 14, IP_FRAGMENT = 20, IP_PROTOCOL = 23, IP_ADDRESSES = 26 };
enum { PASS_CONTEXT = BPF_REG_6, HEADER_BYTES = BPF_REG_7, HASH = BPF_REG_8, TABLES = BPF_REG_9 };

struct tap_steering {
	int tables, reta, program;
	_Atomic uint32_t *entry; /* the RETA's memory in the kernel, mapped */
	size_t bytes;
};

/* A program under construction; jumps to its end are completed when that is known. */
struct assembly {
	struct bpf_insn code[PROGRAM_MAX];
	unsigned length;
	unsigned to_end[8], jumps;
};

static void emit(struct assembly *a, uint8_t code, uint8_t dst, uint8_t src, int16_t offset, int32_t immediate)
{
	a->code[a->length++] =
	    (struct bpf_insn){.code = code, .dst_reg = dst & 15, .src_reg = src & 15, .off = offset, .imm = immediate};
}

static void jump_to_end(struct assembly *a, uint8_t condition, int32_t immediate)
{
	a->to_end[a->jumps++] = a->length;
	emit(a, BPF_JMP | condition | BPF_K, BPF_REG_0, 0, 0, immediate);
}

/* Register 0 = a part of the frame; ends the program with 0 when the frame is shorter. */
static void load(struct assembly *a, uint8_t size, int32_t offset)
{
	emit(a, BPF_LD | BPF_ABS | size, 0, 0, 0, offset);
}

static void load_map(struct assembly *a, uint8_t dst, int map)
{
	emit(a, BPF_LD | BPF_IMM | BPF_DW, dst, BPF_PSEUDO_MAP_VALUE, 0, map);
	emit(a, 0, 0, 0, 0, 0);
}

/* Adds the byte in register 0, the @position-th of the hash's input. */
static void hash_byte(struct assembly *a, unsigned position)
{
	emit(a, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_0, 0, 0, 0xff);
	emit(a, BPF_ALU64 | BPF_LSH | BPF_K, BPF_REG_0, 0, 0, 2);
	emit(a, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_1, TABLES, 0, 0);
	emit(a, BPF_ALU64 | BPF_ADD | BPF_X, BPF_REG_1, BPF_REG_0, 0, 0);
	emit(a, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_2, BPF_REG_1, (int16_t)(position * 1024), 0);
	emit(a, BPF_ALU64 | BPF_XOR | BPF_X, HASH, BPF_REG_2, 0, 0);
}

/* The same flow hash as nic_hash(). */
static void assemble(struct assembly *a, int tables, int reta, unsigned groups)
{
	unsigned i;

	emit(a, BPF_ALU64 | BPF_MOV | BPF_X, PASS_CONTEXT, BPF_REG_1, 0, 0);
	emit(a, BPF_ALU64 | BPF_MOV | BPF_K, HASH, 0, 0, 0);
	load_map(a, TABLES, tables);
	load(a, BPF_H, ETHER_TYPE);
	jump_to_end(a, BPF_JNE, 0x0800);
	load(a, BPF_B, IP);
	emit(a, BPF_ALU64 | BPF_MOV | BPF_X, HEADER_BYTES, BPF_REG_0, 0, 0);
	emit(a, BPF_ALU64 | BPF_AND | BPF_K, HEADER_BYTES, 0, 0, 15);
	emit(a, BPF_ALU64 | BPF_LSH | BPF_K, HEADER_BYTES, 0, 0, 2);
	emit(a, BPF_ALU64 | BPF_RSH | BPF_K, BPF_REG_0, 0, 0, 4);
	jump_to_end(a, BPF_JNE, 4);
	for (i = 0; i < 8; i++) {
		load(a, BPF_B, (int32_t)(IP_ADDRESSES + i));
		hash_byte(a, i);
	}
	load(a, BPF_H, IP_FRAGMENT);
	emit(a, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_0, 0, 0, 0x3fff);
	jump_to_end(a, BPF_JNE, 0);
	load(a, BPF_B, IP_PROTOCOL);
	emit(a, BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, 1, 6);
	jump_to_end(a, BPF_JNE, 17);
	for (i = 0; i < 4; i++) {
		emit(a, BPF_LD | BPF_IND | BPF_B, 0, HEADER_BYTES, 0, (int32_t)(IP + i));
		hash_byte(a, 8 + i);
	}
	for (i = 0; i < a->jumps; i++)
		a->code[a->to_end[i]].off = (int16_t)(a->length - a->to_end[i] - 1);
	emit(a, BPF_ALU64 | BPF_AND | BPF_K, HASH, 0, 0, (int32_t)groups - 1);
	emit(a, BPF_ALU64 | BPF_LSH | BPF_K, HASH, 0, 0, 2);
	load_map(a, BPF_REG_1, reta);
	emit(a, BPF_ALU64 | BPF_ADD | BPF_X, BPF_REG_1, HASH, 0, 0);
	emit(a, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_0, BPF_REG_1, 0, 0);
	emit(a, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static int bpf(int command, union bpf_attr *attr)
{
	return (int)syscall(__NR_bpf, command, attr, sizeof(*attr));
}

/* An array of one element, so that the program reaches all of it by address. */
static int make_map(size_t bytes, uint32_t flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = sizeof(uint32_t);
	attr.value_size = (uint32_t)bytes;
	attr.max_entries = 1;
	attr.map_flags = flags;
	return bpf(BPF_MAP_CREATE, &attr);
}

static int fill_map(int map, const void *value)
{
	union bpf_attr attr;
	uint32_t key = 0;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)map;
	attr.key = (uint64_t)(uintptr_t)&key;
	attr.value = (uint64_t)(uintptr_t)value;
	return bpf(BPF_MAP_UPDATE_ELEM, &attr);
}

static int load_program(int tables, int reta, unsigned groups)
{
	struct assembly a = {.length = 0};
	union bpf_attr attr;

	assemble(&a, tables, reta, groups);
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = (uint64_t)(uintptr_t)a.code;
	attr.insn_cnt = a.length;
	attr.license = (uint64_t)(uintptr_t) "MIT";
	return bpf(BPF_PROG_LOAD, &attr);
}

/* A descriptor of the tap, among those that DPDK has opened; it stays DPDK's. */
static int find_tap(const char *interface)
{
	DIR *folder = opendir("/proc/self/fd");
	struct dirent *entry;
	struct ifreq request;
	int found = -1, fd;

	if (!folder)
		return -1;
	errno = ENODEV;
	while (found < 0 && (entry = readdir(folder))) {
		fd = (int)strtol(entry->d_name, NULL, 10);
		memset(&request, 0, sizeof(request));
		if (fd > 2 && fd != dirfd(folder) && !ioctl(fd, TUNGETIFF, &request) &&
		    !strcmp(request.ifr_name, interface))
			found = fd;
	}
	closedir(folder);
	return found;
}

static int start(struct tap_steering *s, const char *interface, const struct ix_rss *rss)
{
	int tap = find_tap(interface);

	if (tap < 0)
		return -1;
	s->bytes = rss->groups * sizeof(uint32_t);
	s->tables = make_map(sizeof(rss->table), 0);
	s->reta = make_map(s->bytes, BPF_F_MMAPABLE);
	if (s->tables < 0 || s->reta < 0 || fill_map(s->tables, rss->table))
		return -1;
	s->entry = mmap(NULL, s->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, s->reta, 0);
	if (s->entry == MAP_FAILED) {
		s->entry = NULL;
		return -1;
	}
	s->program = load_program(s->tables, s->reta, rss->groups);
	return s->program < 0 ? -1 : ioctl(tap, TUNSETSTEERINGEBPF, &s->program);
}

struct tap_steering *tap_steering_start(const char *interface, const struct ix_rss *rss)
{
	struct tap_steering *s = calloc(1, sizeof(*s));
	int error;

	if (!s)
		return NULL;
	s->tables = s->reta = s->program = -1;
	if (!start(s, interface, rss))
		return s;
	error = errno;
	tap_steering_stop(s);
	errno = error;
	return NULL;
}

void tap_steering_stop(struct tap_steering *s)
{
	if (s->entry)
		munmap((void *)(uintptr_t)s->entry, s->bytes);
	if (s->program >= 0)
		close(s->program);
	if (s->reta >= 0)
		close(s->reta);
	if (s->tables >= 0)
		close(s->tables);
	free(s);
}

void tap_steering_set(struct tap_steering *s, unsigned group, unsigned queue)
{
	atomic_store(&s->entry[group], queue);
}
