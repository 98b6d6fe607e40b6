/*
 * A client's connection to kv: which of memcached's protocols it speaks, the command that has come in part, the value
 * that is on its way in, and the replies that are on their way out.
 */
#ifndef IX_APPS_KV_SESSION_H
#define IX_APPS_KV_SESSION_H

#include "impl/apps/kv_store.h"

#define KV_LINE_MAX 65536u /* of a get with many keys; other commands are far shorter */
#define KV_OUTPUT   16384u
#define KV_VERSION  "1.6.0-ixlab"

enum kv_protocol { KV_UNKNOWN, KV_ASCII, KV_BINARY };

/* Replies gathered during one handler. */
struct kv_output {
	uint32_t used;
	uint8_t bytes[KV_OUTPUT];
};

struct kv_session {
	struct kv_store *store;
	struct ix_connection *connection;
	struct ix_runtime *runtime; /* of the handler that runs */
	struct kv_output *output;   /* likewise */
	enum kv_protocol protocol;
	bool quit, failed; /* failed: a reply could not be written */
	uint8_t *partial;  /* what has come of a command */
	uint32_t partial_length, partial_capacity;
	/* A value on its way in. */
	bool value;
	struct kv_item *item; /* NULL: it is thrown away */
	uint64_t left;        /* bytes of it, or to be thrown away */
	enum kv_mode mode;
	uint64_t cas;
	bool quiet;
	uint8_t tail[2], tail_length; /* of the text protocol: the end of the line */
	uint8_t opcode;               /* of the binary protocol */
	uint32_t opaque;
};

/* Takes in bytes from the client and gathers replies. Non-zero when the connection is to be closed. */
int kv_feed(struct kv_session *session, const uint8_t *data, size_t length);

/* Appends to what has come of a command. -1 when memory is short. */
int kv_keep(struct kv_session *session, const uint8_t *data, size_t length);

/* Replies. */
void kv_reply(struct kv_session *session, const void *data, size_t length);
void kv_reply_text(struct kv_session *session, const char *text);
void kv_reply_value(struct kv_session *session, struct kv_item *item); /* its bytes, without a copy where that pays */
void kv_reply_flush(struct kv_session *session);

/* Take one command, or a part of one: bytes used. */
size_t kv_ascii_command(struct kv_session *session, const uint8_t *data, size_t length);
size_t kv_binary_command(struct kv_session *session, const uint8_t *data, size_t length);
/* The value that was on its way is complete. */
void kv_ascii_value(struct kv_session *session);
void kv_binary_value(struct kv_session *session);

/* Calls @emit for each line of `stats`, `stats settings`; -1 for another kind. */
typedef void (*kv_emit)(struct kv_session *session, const char *name, const char *value);
int kv_stats(struct kv_session *session, const uint8_t *kind, size_t length, kv_emit emit);

#endif
