/* Reading one line of a script, word by word. The first complaint stays. */
#ifndef IX_TESTS_PACKET_LEXER_H
#define IX_TESTS_PACKET_LEXER_H

#include "tests/packet/script.h"

struct cursor {
	const char *at, *end;
	const char *file;
	unsigned line;
	char *error;
	size_t error_size;
	bool failed;
};

/* Always false, for `return complain(...)`. Adds what stands at the cursor. */
bool complain(struct cursor *c, const char *allowed);
bool complain_about(struct cursor *c, const char *text, const char *allowed);

bool at_end(struct cursor *c);                        /* of the line, behind blanks and a comment */
bool accept_char(struct cursor *c, char x);           /* behind blanks */
bool accept_word(struct cursor *c, const char *word); /* whole */
bool next_char_is(const struct cursor *c, char x);    /* at once */
bool read_name(struct cursor *c, char *name, size_t size);
bool read_unsigned(struct cursor *c, uint64_t max, uint64_t *value); /* decimal or 0x */
bool read_number(struct cursor *c, uint64_t max, struct number *n);  /* or '*' */
bool read_duration(struct cursor *c, uint64_t *ns);                  /* 10ms, 1.5s */
bool read_time(struct cursor *c, uint64_t *ns);                      /* seconds, with a fraction */
bool read_ip(struct cursor *c, uint32_t *ip);
bool read_mac(struct cursor *c, uint8_t mac[6]);
bool read_hex(struct cursor *c, uint8_t *bytes, unsigned max, unsigned *count);
bool read_flow(struct cursor *c, const struct script *s, int *flow); /* "name:", else the first */

/* script_packet.c, script_options.c */
bool read_packet(struct cursor *c, const struct script *s, bool expected, struct packet *p);
bool read_option(struct cursor *c, struct ix_tcp_options *o);

#endif
