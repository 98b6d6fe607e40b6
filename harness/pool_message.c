#include "harness/pool_message.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MESSAGE_SIZE_MAX (64U << 20)
#define RECEIVE_SIZE     65536

struct message_header {
	uint32_t size; /* of what follows */
	uint32_t type;
	uint64_t number;
};

void message_buffer_free(struct message_buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct message_buffer){0};
}

static bool reserve(struct message_buffer *buffer, size_t more)
{
	size_t capacity = buffer->capacity ? buffer->capacity : 4096;
	unsigned char *grown;

	while (capacity < buffer->size + more)
		capacity *= 2;
	if (capacity == buffer->capacity)
		return true;
	grown = realloc(buffer->data, capacity);
	if (!grown) {
		buffer->failed = true;
		return false;
	}
	buffer->data = grown;
	buffer->capacity = capacity;
	return true;
}

static void put(struct message_buffer *buffer, const void *data, size_t size)
{
	if (size == 0 || buffer->failed || !reserve(buffer, size))
		return;
	memcpy(buffer->data + buffer->size, data, size);
	buffer->size += size;
}

/* With its zero, so that the reader can point at it. */
static void put_text(struct message_buffer *buffer, const char *text)
{
	put(buffer, text, strlen(text) + 1);
}

static void begin(struct message_buffer *buffer, enum message_type type)
{
	struct message_header header = {.type = type};

	buffer->size = 0;
	buffer->failed = false;
	put(buffer, &header, sizeof(header));
}

static void end(struct message_buffer *buffer)
{
	uint32_t size = (uint32_t)(buffer->size - sizeof(struct message_header));

	if (!buffer->failed)
		memcpy(buffer->data, &size, sizeof(size));
}

void message_number(struct message_buffer *buffer, uint64_t number)
{
	if (!buffer->failed)
		memcpy(buffer->data + offsetof(struct message_header, number), &number, sizeof(number));
}

void message_text(struct message_buffer *buffer, enum message_type type, const char *text)
{
	begin(buffer, type);
	put_text(buffer, text);
	end(buffer);
}

void message_task(struct message_buffer *buffer, const struct pool_task *task)
{
	uint32_t replication = task->replication;

	begin(buffer, MESSAGE_TASK);
	put(buffer, &task->seed, sizeof(task->seed));
	put(buffer, &replication, sizeof(replication));
	put_text(buffer, task->kind);
	put_text(buffer, task->params);
	end(buffer);
}

/* The numbers of a metric as they travel. */
struct metric_numbers {
	double value, low, high, std_error, dof;
};

void message_result(struct message_buffer *buffer, const struct point_result *result)
{
	uint32_t count = (uint32_t)result->metric_count, bytes = (uint32_t)result->histogram_size;

	begin(buffer, MESSAGE_RESULT);
	put(buffer, &result->wall_s, sizeof(result->wall_s));
	put(buffer, &count, sizeof(count));
	for (size_t i = 0; i < result->metric_count; i++) {
		const struct metric *m = &result->metric[i];
		struct metric_numbers numbers = {m->value, m->low, m->high, m->std_error, m->dof};

		put(buffer, &numbers, sizeof(numbers));
		put_text(buffer, m->name);
	}
	put(buffer, &bytes, sizeof(bytes));
	put(buffer, result->histogram, bytes);
	end(buffer);
}

int message_send(int fd, const struct message_buffer *buffer)
{
	size_t sent = 0;

	if (buffer->failed) {
		errno = ENOMEM;
		return -1;
	}
	while (sent < buffer->size) {
		ssize_t n = write(fd, buffer->data + sent, buffer->size - sent);

		if (n > 0)
			sent += (size_t)n;
		else if (errno != EINTR)
			return -1;
	}
	return 0;
}

int message_receive(int fd, struct message_buffer *buffer)
{
	ssize_t n;

	if (!reserve(buffer, RECEIVE_SIZE)) {
		errno = ENOMEM;
		return -1;
	}
	do
		n = read(fd, buffer->data + buffer->size, RECEIVE_SIZE);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		buffer->size += (size_t)n;
	return n > 0 ? 1 : (int)n;
}

int message_next(const struct message_buffer *buffer, struct message *message)
{
	struct message_header header;

	if (buffer->size < sizeof(header))
		return 0;
	memcpy(&header, buffer->data, sizeof(header));
	if (header.type < MESSAGE_HELLO || header.type > MESSAGE_DIED || header.size > MESSAGE_SIZE_MAX)
		return -1;
	if (buffer->size - sizeof(header) < header.size)
		return 0;
	*message = (struct message){header.type, header.number, buffer->data + sizeof(header), header.size};
	return 1;
}

void message_drop(struct message_buffer *buffer, const struct message *message)
{
	size_t used = sizeof(struct message_header) + message->size;

	buffer->size -= used;
	memmove(buffer->data, buffer->data + used, buffer->size);
}

/* What is left to read of a message. */
struct reader {
	const unsigned char *at;
	size_t left;
	bool failed;
};

static void get(struct reader *reader, void *out, size_t size)
{
	memset(out, 0, size);
	if (reader->left < size) {
		reader->failed = true;
		reader->left = 0;
		return;
	}
	memcpy(out, reader->at, size);
	reader->at += size;
	reader->left -= size;
}

static const char *get_text(struct reader *reader)
{
	const char *text = (const char *)reader->at;
	size_t length = strnlen(text, reader->left);

	if (length == reader->left) {
		reader->failed = true;
		reader->left = 0;
		return "";
	}
	reader->at += length + 1;
	reader->left -= length + 1;
	return text;
}

static int finish(const struct reader *reader)
{
	return reader->failed || reader->left ? -1 : 0;
}

int message_read_text(const struct message *message, const char **text)
{
	struct reader reader = {message->data, message->size, false};

	*text = get_text(&reader);
	return finish(&reader);
}

int message_read_task(const struct message *message, struct pool_task *task)
{
	struct reader reader = {message->data, message->size, false};
	uint32_t replication;

	get(&reader, &task->seed, sizeof(task->seed));
	get(&reader, &replication, sizeof(replication));
	task->replication = replication;
	task->kind = get_text(&reader);
	task->params = get_text(&reader);
	return finish(&reader);
}

int message_read_result(const struct message *message, struct point_result *result)
{
	struct reader reader = {message->data, message->size, false};
	uint32_t count, bytes;

	*result = (struct point_result){.metric_count = 0};
	get(&reader, &result->wall_s, sizeof(result->wall_s));
	get(&reader, &count, sizeof(count));
	if (count > POINT_METRICS_MAX)
		return -1;
	for (; result->metric_count < count; result->metric_count++) {
		struct metric_numbers numbers;
		const char *name;

		get(&reader, &numbers, sizeof(numbers));
		name = get_text(&reader);
		result->metric[result->metric_count] =
		    (struct metric){name, numbers.value, numbers.low, numbers.high, numbers.std_error, numbers.dof};
	}
	get(&reader, &bytes, sizeof(bytes));
	if (bytes != reader.left)
		return -1;
	if (bytes > 0) {
		result->histogram = (unsigned char *)reader.at;
		result->histogram_size = bytes;
		reader.left = 0;
	}
	return finish(&reader);
}
