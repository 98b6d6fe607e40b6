#include "tests/packet/lexer.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

bool complain_about(struct cursor *c, const char *text, const char *allowed)
{
	if (!c->failed)
		snprintf(c->error, c->error_size, "%s:%u: '%s': %s", c->file, c->line, text, allowed);
	c->failed = true;
	return false;
}

bool complain(struct cursor *c, const char *allowed)
{
	char word[32];
	unsigned n = 0;

	while (c->at < c->end && isblank((unsigned char)*c->at))
		c->at++;
	for (const char *p = c->at; p < c->end && !isspace((unsigned char)*p) && n < sizeof(word) - 1; p++)
		word[n++] = (char)(isprint((unsigned char)*p) ? *p : '?');
	word[n] = '\0';
	return complain_about(c, n ? word : "end of line", allowed);
}

static void skip_blanks(struct cursor *c)
{
	while (c->at < c->end && (isblank((unsigned char)*c->at) || *c->at == '\r'))
		c->at++;
}

bool at_end(struct cursor *c)
{
	skip_blanks(c);
	return c->at == c->end || *c->at == '#';
}

bool next_char_is(const struct cursor *c, char x)
{
	return c->at < c->end && *c->at == x;
}

bool accept_char(struct cursor *c, char x)
{
	skip_blanks(c);
	if (!next_char_is(c, x))
		return false;
	c->at++;
	return true;
}

static bool is_name_char(char x)
{
	return isalnum((unsigned char)x) || x == '_' || x == '.';
}

bool accept_word(struct cursor *c, const char *word)
{
	size_t n = strlen(word);

	skip_blanks(c);
	if ((size_t)(c->end - c->at) < n || memcmp(c->at, word, n) != 0)
		return false;
	if ((size_t)(c->end - c->at) > n && is_name_char(c->at[n]))
		return false;
	c->at += n;
	return true;
}

bool read_name(struct cursor *c, char *name, size_t size)
{
	size_t n = 0;

	skip_blanks(c);
	while (c->at + n < c->end && is_name_char(c->at[n]))
		n++;
	if (!n || n >= size)
		return complain(c, "expected a name");
	memcpy(name, c->at, n);
	name[n] = '\0';
	c->at += n;
	return true;
}

static int digit(char x)
{
	if (x >= '0' && x <= '9')
		return x - '0';
	x = (char)tolower((unsigned char)x);
	return x >= 'a' && x <= 'f' ? x - 'a' + 10 : 16;
}

bool read_unsigned(struct cursor *c, uint64_t max, uint64_t *value)
{
	const char *start;
	int base = 10;

	skip_blanks(c);
	start = c->at;
	if (c->end - c->at > 2 && c->at[0] == '0' && c->at[1] == 'x') {
		base = 16;
		start = c->at += 2;
	}
	*value = 0;
	while (c->at < c->end && digit(*c->at) < base) {
		unsigned d = (unsigned)digit(*c->at);

		if (*value > (max - d) / (unsigned)base) {
			c->at = start;
			return complain(c, "number too large");
		}
		*value = *value * (unsigned)base + d;
		c->at++;
	}
	return c->at > start || complain(c, "expected a number");
}

bool read_number(struct cursor *c, uint64_t max, struct number *n)
{
	n->given = true;
	if (accept_char(c, '*')) {
		n->any = true;
		return true;
	}
	n->absolute = accept_char(c, '@');
	return read_unsigned(c, max, &n->value);
}

/* A decimal number in units of @unit_ns. */
static bool read_decimal(struct cursor *c, uint64_t *whole, uint64_t *fraction_e9)
{
	unsigned digits = 0;

	*fraction_e9 = 0;
	if (!read_unsigned(c, 1000000000, whole))
		return false;
	if (!next_char_is(c, '.'))
		return true;
	for (c->at++; c->at < c->end && digit(*c->at) < 10 && digits < 9; c->at++, digits++)
		*fraction_e9 = *fraction_e9 * 10 + (unsigned)digit(*c->at);
	if (!digits)
		return complain(c, "expected digits behind the point");
	for (; digits < 9; digits++)
		*fraction_e9 *= 10;
	return true;
}

bool read_time(struct cursor *c, uint64_t *ns)
{
	uint64_t whole, fraction;

	if (!read_decimal(c, &whole, &fraction))
		return false;
	*ns = whole * 1000000000u + fraction;
	return true;
}

bool read_duration(struct cursor *c, uint64_t *ns)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} unit[] = {{"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}};
	uint64_t whole, fraction;

	if (!read_decimal(c, &whole, &fraction))
		return false;
	for (unsigned i = 0; i < 4; i++)
		if (accept_word(c, unit[i].name)) {
			*ns = whole * unit[i].ns + fraction * unit[i].ns / 1000000000u;
			return true;
		}
	return complain(c, "expected a unit: ns, us, ms or s");
}

bool read_ip(struct cursor *c, uint32_t *ip)
{
	uint64_t part;

	*ip = 0;
	for (int i = 0; i < 4; i++) {
		if (i && !next_char_is(c, '.'))
			return complain(c, "expected an address A.B.C.D");
		c->at += i ? 1 : 0;
		if (!read_unsigned(c, 255, &part))
			return false;
		*ip = *ip << 8 | (uint32_t)part;
	}
	return true;
}

bool read_hex(struct cursor *c, uint8_t *bytes, unsigned max, unsigned *count)
{
	skip_blanks(c);
	*count = 0;
	while (c->end - c->at >= 2 && digit(c->at[0]) < 16 && digit(c->at[1]) < 16) {
		if (*count == max)
			return complain(c, "too many bytes");
		bytes[(*count)++] = (uint8_t)(digit(c->at[0]) << 4 | digit(c->at[1]));
		c->at += 2;
	}
	return *count > 0 || complain(c, "expected bytes in hexadecimal");
}

bool read_mac(struct cursor *c, uint8_t mac[6])
{
	unsigned n;

	for (int i = 0; i < 6; i++) {
		if (i && !accept_char(c, ':'))
			return complain(c, "expected a link address 02:00:00:00:00:01");
		if (c->end - c->at < 2 || digit(c->at[0]) > 15 || digit(c->at[1]) > 15)
			return complain(c, "expected a link address 02:00:00:00:00:01");
		n = (unsigned)(digit(c->at[0]) << 4 | digit(c->at[1]));
		mac[i] = (uint8_t)n;
		c->at += 2;
	}
	return true;
}

bool read_flow(struct cursor *c, const struct script *s, int *flow)
{
	const char *p;

	skip_blanks(c);
	*flow = 0;
	for (p = c->at; p < c->end && is_name_char(*p); p++)
		;
	if (p == c->at || p == c->end || *p != ':' || isdigit((unsigned char)*c->at))
		return true;
	for (unsigned i = 0; i < s->flows; i++)
		if (strlen(s->flow[i].name) == (size_t)(p - c->at) &&
		    memcmp(s->flow[i].name, c->at, (size_t)(p - c->at)) == 0) {
			*flow = (int)i;
			c->at = p + 1;
			return true;
		}
	return complain(c, "no such flow");
}
