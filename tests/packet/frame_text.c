/* Packets as text, and what differs between two of them. */
#include "tests/packet/frame.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct text {
	char *at;
	size_t left;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *format, ...)
{
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(t->at, t->left, format, arguments);
	va_end(arguments);
	if (n < 0)
		return;
	if ((size_t)n >= t->left)
		n = t->left ? (int)t->left - 1 : 0;
	t->at += n;
	t->left -= (size_t)n;
}

static void add_number(struct text *t, const char *name, const struct number *n, uint32_t base)
{
	if (n->any)
		add(t, "%s*", name);
	else if (n->given)
		add(t, "%s%s%u", name, n->absolute ? "@" : "", (uint32_t)n->value - base);
}

static uint32_t big_endian(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Options; what is malformed as bytes. */
static void add_tcp_options(struct text *t, const struct packet *p)
{
	const uint8_t *o = p->options;
	unsigned n = p->option_bytes, i = 0;

	if (p->options_any)
		add(t, " <*>");
	if (!n)
		return;
	while (i < n) {
		unsigned size = o[i] < 2 ? 1 : i + 1 < n ? o[i + 1] : 0;

		add(t, i ? "," : " <");
		if (o[i] < 2)
			add(t, o[i] ? "nop" : "eol");
		else if (o[i] == 2 && size == 4 && i + 4 <= n)
			add(t, "mss %u", (unsigned)o[i + 2] << 8 | o[i + 3]);
		else if (o[i] == 3 && size == 3 && i + 3 <= n)
			add(t, "wscale %u", o[i + 2]);
		else if (o[i] == 4 && size == 2)
			add(t, "sackok");
		else if ((o[i] == 8 || o[i] == 5) && size == 10 && i + 10 <= n)
			add(t, "%s %u %u", o[i] == 8 ? "ts" : "sack", big_endian(o + i + 2), big_endian(o + i + 6));
		else {
			for (add(t, "raw "); i < n; i++)
				add(t, "%02x", o[i]);
			break;
		}
		i += size;
	}
	add(t, ">");
}

static void add_tcp(struct text *t, const struct packet *p, const struct flow_view *v)
{
	static const char letters[] = "FSRP.UEC";
	uint32_t local = v ? v->local_isn : 0, peer = v ? v->peer_isn : 0;
	struct number end = p->seq;

	for (unsigned i = 0; i < 8; i++)
		if (p->flags >> i & 1)
			add(t, "%c", letters[i]);
	if (!p->flags)
		add(t, "-");
	end.value += p->length.value;
	end.any |= p->length.any;
	add_number(t, " ", &p->seq, local);
	add_number(t, ":", &end, local);
	add_number(t, "(", &p->length, 0);
	add(t, ")");
	add_number(t, " ack ", &p->ack, peer);
	add_number(t, " win ", &p->win, 0);
	add_number(t, " urg ", &p->urg, 0);
	add_tcp_options(t, p);
}

static void add_icmp(struct text *t, const struct packet *p)
{
	if (p->icmp_type.value == 8 || p->icmp_type.value == 0)
		add(t, "icmp %s", p->icmp_type.value ? "echo" : "reply");
	else
		add(t, "icmp type %u", (unsigned)p->icmp_type.value);
	if (p->icmp_code.value)
		add(t, " code %u", (unsigned)p->icmp_code.value);
	add_number(t, " id ", &p->icmp_id, 0);
	add_number(t, " seq ", &p->icmp_seq, 0);
	add_number(t, " len ", &p->length, 0);
}

static void add_ip(struct text *t, uint32_t ip)
{
	add(t, "%u.%u.%u.%u", ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255);
}

static void add_modifiers(struct text *t, const struct packet *p)
{
	for (unsigned m = 0; m < MOD_COUNT; m++) {
		if (!p->modifier[m].given)
			continue;
		add(t, " [%s ", script_modifier_name((enum modifier)m));
		if (m == MOD_SRC || m == MOD_DST)
			add_ip(t, (uint32_t)p->modifier[m].value);
		else
			add(t, "%u", (unsigned)p->modifier[m].value);
		add(t, "]");
	}
}

void script_print_packet(char *text, size_t size, const struct packet *p, const struct flow_view *view)
{
	struct text t = {text, size};

	if (view && view->name && strcmp(view->name, "a") != 0)
		add(&t, "%s: ", view->name);
	switch (p->kind) {
	case PACKET_TCP:
		add_tcp(&t, p, view);
		break;
	case PACKET_UDP:
		add_number(&t, "udp len ", &p->length, 0);
		break;
	case PACKET_ICMP:
		add_icmp(&t, p);
		break;
	case PACKET_ARP:
		add(&t, "arp %s to ", p->arp_operation == 1 ? "request" : "reply");
		add_ip(&t, p->arp_target);
		add(&t, " from ");
		add_ip(&t, p->arp_sender);
		break;
	default:
		add(&t, "raw ");
		for (unsigned i = 0; i < p->raw_bytes && i < 60; i++)
			add(&t, "%02x", p->raw[i]);
	}
	if (!view || p->flow < 0)
		add_modifiers(&t, p);
}

static void compare(struct text *t, const char *name, const struct number *expected, const struct number *got,
		    uint32_t base)
{
	if (!expected->given || expected->any)
		return;
	if (!got->given || (uint32_t)expected->value + (expected->absolute ? 0 : base) != (uint32_t)got->value)
		add(t, " %s", name);
}

static void compare_tcp(struct text *t, const struct packet *x, const struct packet *got, const struct ends *e)
{
	if (x->flags != got->flags)
		add(t, " flags");
	compare(t, "sequence", &x->seq, &got->seq, e->local_isn);
	compare(t, "ack", &x->ack, &got->ack, e->peer_isn);
	compare(t, "window", &x->win, &got->win, 0);
	compare(t, "urgent", &x->urg, &got->urg, 0);
	if (!x->options_any &&
	    (x->option_bytes != got->option_bytes || memcmp(x->options, got->options, x->option_bytes) != 0))
		add(t, " options");
}

void packet_difference(char *text, size_t size, const struct packet *x, const struct packet *got,
		       const struct ends *ends)
{
	struct text t = {text, size};

	text[0] = '\0';
	if (x->kind != got->kind) {
		add(&t, " protocol");
		return;
	}
	if (x->kind != PACKET_ARP && x->kind != PACKET_RAW && x->flow != got->flow)
		add(&t, " flow");
	if (x->kind == PACKET_TCP)
		compare_tcp(&t, x, got, ends);
	compare(&t, "length", &x->length, &got->length, 0);
	compare(&t, "type", &x->icmp_type, &got->icmp_type, 0);
	compare(&t, "code", &x->icmp_code, &got->icmp_code, 0);
	compare(&t, "id", &x->icmp_id, &got->icmp_id, 0);
	compare(&t, "seq", &x->icmp_seq, &got->icmp_seq, 0);
	compare(&t, "tos", &x->modifier[MOD_TOS], &got->modifier[MOD_TOS], 0);
	compare(&t, "ttl", &x->modifier[MOD_TTL], &got->modifier[MOD_TTL], 0);
	if (x->kind == PACKET_ARP && (x->arp_operation != got->arp_operation || x->arp_target != got->arp_target ||
				      x->arp_sender != got->arp_sender))
		add(&t, " arp");
	if (x->kind == PACKET_RAW && (x->raw_bytes != got->raw_bytes || memcmp(x->raw, got->raw, x->raw_bytes) != 0))
		add(&t, " bytes");
}
