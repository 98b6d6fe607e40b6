/*
 * What passes between the process that hands out runs and its workers: framed messages on a stream socket, in the
 * machine's own byte order (all workers run the same program on the same kind of machine, and their greeting says so).
 */
#ifndef IXLAB_HARNESS_POOL_MESSAGE_H
#define IXLAB_HARNESS_POOL_MESSAGE_H

#include "harness/pool.h"

enum message_type {
	MESSAGE_HELLO = 1, /* worker: its program's version; it is ready */
	MESSAGE_TASK,      /* to a worker: a run to compute */
	MESSAGE_RESULT,    /* worker: what came out */
	MESSAGE_FAILED,    /* worker: why the run cannot be computed */
	MESSAGE_DIED       /* who looks after a worker elsewhere: how it died; a new one takes its place */
};

/* Bytes that grow. For sending: one framed message; for receiving: whatever arrived so far. */
struct message_buffer {
	unsigned char *data;
	size_t size, capacity;
	bool failed; /* memory was short */
};

void message_buffer_free(struct message_buffer *buffer);

/* Each replaces the content of @buffer by one message. Memory that is short shows in buffer->failed. */
void message_text(struct message_buffer *buffer, enum message_type type, const char *text);
void message_task(struct message_buffer *buffer, const struct pool_task *task);
void message_result(struct message_buffer *buffer, const struct point_result *result);

/* Numbers the message in @buffer (0 until then). A task's answer bears the task's number: a worker elsewhere that takes
 * another's place may still be handed, and answer, a task that was on its way to that other and is not waited for. */
void message_number(struct message_buffer *buffer, uint64_t number);

/* Writes the whole buffer to @fd. 0, or -1 (errno) when the other side is gone or memory was short. */
int message_send(int fd, const struct message_buffer *buffer);

/* Reads what is there (waiting for at least one byte) behind the content of @buffer. 1, 0 at the end, -1 (errno). */
int message_receive(int fd, struct message_buffer *buffer);

/* A whole message found in a buffer. */
struct message {
	enum message_type type;
	uint64_t number;
	const unsigned char *data; /* into the buffer */
	size_t size;
};

/* 1 if @buffer starts with a whole message, 0 if more is to come, -1 if what is there is no message. */
int message_next(const struct message_buffer *buffer, struct message *message);

/* Removes the message that message_next() found. */
void message_drop(struct message_buffer *buffer, const struct message *message);

/* Content of a message; all strings point into it. Return -1 if it does not have the form of its type. */
int message_read_text(const struct message *message, const char **text);
int message_read_task(const struct message *message, struct pool_task *task);
int message_read_result(const struct message *message, struct point_result *result); /* do not clear @result */

#endif
