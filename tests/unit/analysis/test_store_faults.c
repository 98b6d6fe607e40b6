/* Databases that are not, and disks that fail: one clear line, the right exit code, nothing half-written. */
#include "tests/unit/analysis/store_fixture.h"

#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Opening @name fails with @status and a line that names the path and says @what. */
static void assert_refused(struct store_fixture *f, const char *name, enum store_mode mode, int status,
			   const char *what)
{
	struct store *store;

	f->error[0] = '\0';
	if (store_open(&store, store_fixture_path(f, name), mode, f->error, sizeof(f->error)) != status || store ||
	    !strstr(f->error, store_fixture_path(f, name)) || !strstr(f->error, what) || strchr(f->error, '\n'))
		fail_msg("expected \"...%s...\", got \"%s\"", what, f->error);
}

static void write_file(struct store_fixture *f, const char *name, const void *bytes, size_t size)
{
	FILE *file = fopen(store_fixture_path(f, name), "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static char *read_file(struct store_fixture *f, const char *name, size_t *size)
{
	FILE *file = fopen(store_fixture_path(f, name), "rb");
	struct stat status;
	char *bytes;

	assert_non_null(file);
	assert_int_equal(fstat(fileno(file), &status), 0);
	*size = (size_t)status.st_size;
	bytes = malloc(*size + 1);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, *size, file), *size);
	fclose(file);
	return bytes;
}

static bool exists(struct store_fixture *f, const char *name)
{
	return access(store_fixture_path(f, name), F_OK) == 0;
}

static void fill(struct store_fixture *f, const char *name, unsigned runs)
{
	struct store *store = store_fixture_open(f, name, STORE_WRITE);

	for (unsigned i = 0; i < runs; i++)
		assert_int_equal(store_fixture_put(f, store, "e", 0.01 * (1 + i), 0), 0);
	store_close(store);
}

static void test_missing(void **state)
{
	struct store_fixture *f = *state;

	assert_refused(f, "none.db", STORE_READ, 2, "No such file");
	assert_false(exists(f, "none.db"));
	assert_refused(f, "no/such/folder.db", STORE_WRITE, 2, "No such file");
	assert_refused(f, ".", STORE_READ, 2, "cannot be opened");
	assert_refused(f, ".", STORE_WRITE, 2, "cannot be opened");
}

static void test_other_files(void **state)
{
	static const char text[] =
	    "experiment = \"a\"; # long enough to be looked at as a header of a database, that is 100\n"
	    "bytes and more, as the format of SQLite has it\n";
	struct store_fixture *f = *state;
	size_t size;
	char *after;

	write_file(f, "text.db", text, sizeof(text));
	assert_refused(f, "text.db", STORE_READ, 2, "is not a database");
	assert_refused(f, "text.db", STORE_WRITE, 2, "is not a database");
	after = read_file(f, "text.db", &size);
	assert_int_equal(size, sizeof(text));
	assert_memory_equal(after, text, size);
	free(after);
}

static void test_empty_file(void **state)
{
	struct store_fixture *f = *state;

	write_file(f, "empty.db", "", 0);
	assert_refused(f, "empty.db", STORE_READ, 2, "is an empty file");
	fill(f, "empty.db", 1);
	assert_true(store_fixture_ask(f, "empty.db", "SELECT count(*) FROM run") == 1);
}

static void test_foreign_database_is_left_alone(void **state)
{
	struct store_fixture *f = *state;
	size_t before_size, after_size;
	char *before, *after;

	store_fixture_do(f, "foreign.db", "CREATE TABLE t (x); INSERT INTO t VALUES (1)");
	before = read_file(f, "foreign.db", &before_size);
	assert_refused(f, "foreign.db", STORE_READ, 2, "not one of results");
	assert_refused(f, "foreign.db", STORE_WRITE, 2, "not one of results");
	after = read_file(f, "foreign.db", &after_size);
	assert_int_equal(before_size, after_size);
	assert_memory_equal(before, after, before_size);
	free(before);
	free(after);
}

static void test_another_schema(void **state)
{
	struct store_fixture *f = *state;

	fill(f, "a.db", 1);
	store_fixture_do(f, "a.db", "PRAGMA user_version = 99");
	assert_refused(f, "a.db", STORE_READ, 2, "another schema version: 99");
	assert_refused(f, "a.db", STORE_WRITE, 2, "another schema version: 99");
}

/* Whatever page of the file is destroyed: refused, or that page held no structure; never a crash or a half-read. */
static void test_corrupt(void **state)
{
	struct store_fixture *f = *state;
	enum { PAGE = 4096 };
	unsigned refused = 0, pages;
	size_t size;
	char *bytes;

	fill(f, "good.db", 40);
	bytes = read_file(f, "good.db", &size);
	pages = (unsigned)(size / PAGE);
	assert_in_range(pages, 20, 1000);
	for (unsigned page = 0; page < pages; page++) {
		char kept[PAGE];
		struct store *store;
		int status;

		memcpy(kept, bytes + (size_t)page * PAGE, PAGE);
		memset(bytes + (size_t)page * PAGE, 0xa5, PAGE);
		write_file(f, "bad.db", bytes, size);
		memcpy(bytes + (size_t)page * PAGE, kept, PAGE);
		status = store_open(&store, store_fixture_path(f, "bad.db"), STORE_READ, f->error, sizeof(f->error));
		if (status) {
			assert_int_equal(status, 2);
			assert_non_null(strstr(f->error, page ? "corrupt" : "not a database"));
			assert_null(strchr(f->error, '\n'));
			refused++;
		}
		store_close(store);
	}
	assert_true(refused > pages / 2); /* the others hold the middle of long histograms */
	write_file(f, "bad.db", bytes, size / 2);
	assert_refused(f, "bad.db", STORE_WRITE, 2, "corrupt");
	free(bytes);
}

static void test_merge_refuses_what_is_no_store(void **state)
{
	struct store_fixture *f = *state;
	struct store *store;
	unsigned added, present;

	fill(f, "a.db", 2);
	fill(f, "same.db", 2);
	fill(f, "version.db", 1);
	store_fixture_do(f, "version.db", "PRAGMA user_version = 0");
	store_fixture_do(f, "foreign.db", "CREATE TABLE run (x)");
	store = store_fixture_open(f, "a.db", STORE_WRITE);
	assert_int_equal(store_merge(store, store_fixture_path(f, "none.db"), &added, &present, f->error, 512), 2);
	assert_int_equal(store_merge(store, store_fixture_path(f, "foreign.db"), &added, &present, f->error, 512), 2);
	assert_int_equal(store_merge(store, store_fixture_path(f, "version.db"), &added, &present, f->error, 512), 2);
	assert_non_null(strstr(f->error, "schema version"));
	store_close(store);
	store_fixture_assert_same(f, "same.db", "a.db");
}

static void test_locked(void **state)
{
	struct store_fixture *f = *state;
	struct store *store = store_fixture_open(f, "a.db", STORE_WRITE);
	sqlite3 *other;

	assert_int_equal(sqlite3_open(store_fixture_path(f, "a.db"), &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(store_fixture_put(f, store, "e", 0.5, 0), 1);
	assert_non_null(strstr(f->error, "is locked"));
	assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(other);
	assert_int_equal(store_fixture_put(f, store, "e", 0.5, 0), 0);
	store_close(store);
}

/* In a child without the rights of root, which no folder is read-only for. */
static void in_child(struct store_fixture *f, void (*body)(struct store_fixture *))
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
			_exit(3);
		body(f);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* For children: cmocka's assertions would carry on with the parent's tests. */
#define REQUIRE(condition)                                                                                             \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "line %d: %s; error \"%s\"\n", __LINE__, #condition, f->error);                \
			_exit(1);                                                                                      \
		}                                                                                                      \
	} while (0)

static void use_readonly_folder(struct store_fixture *f)
{
	struct store *store;

	REQUIRE(store_open(&store, store_fixture_path(f, "new.db"), STORE_WRITE, f->error, sizeof(f->error)) == 2);
	REQUIRE(strstr(f->error, "new.db") && !strchr(f->error, '\n'));
	REQUIRE(!exists(f, "new.db"));
	REQUIRE(store_open(&store, store_fixture_path(f, "a.db"), STORE_WRITE, f->error, sizeof(f->error)) == 2);
	REQUIRE(strstr(f->error, "a.db") && strstr(f->error, "cannot be"));
	REQUIRE(store_open(&store, store_fixture_path(f, "a.db"), STORE_READ, f->error, sizeof(f->error)) == 0);
	REQUIRE(store_has(store, "e", "{}", 7, 0, f->error, sizeof(f->error)) == 0);
	store_close(store);
	REQUIRE(!exists(f, "a.db-wal") && !exists(f, "a.db-shm"));
}

static void test_readonly_folder(void **state)
{
	struct store_fixture *f = *state;

	fill(f, "a.db", 1);
	assert_int_equal(chmod(store_fixture_path(f, "a.db"), 0444), 0);
	assert_int_equal(chmod(f->folder, 0555), 0);
	in_child(f, use_readonly_folder);
	assert_int_equal(chmod(f->folder, 0755), 0);
}

/* Puts runs until that fails; returns how many went well. */
static unsigned put_until_failure(struct store_fixture *f, struct store *store)
{
	unsigned done = 0;
	int status = 0;

	while (!status && done < 10000) {
		status = store_fixture_put(f, store, "e", 0.001 * (done + 1), 0);
		done += !status;
	}
	REQUIRE(status == 1);
	REQUIRE(strstr(f->error, ".db") && !strchr(f->error, '\n'));
	return done;
}

/* No file may grow beyond a limit: the operating system refuses in the middle of a write. */
static void test_write_fails(void **state)
{
	struct store_fixture *f = *state;
	struct store *store = store_fixture_open(f, "a.db", STORE_WRITE);
	struct rlimit old, low;
	unsigned done;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	low = old;
	low.rlim_cur = 300000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
	done = put_until_failure(f, store);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_true(done > 0);
	assert_non_null(strstr(f->error, "cannot be read or written"));

	/* What was said to be stored is, whole, and no more; and it goes on. */
	assert_true(store_fixture_ask(f, "a.db", "SELECT count(*) FROM run") == done);
	assert_true(store_fixture_ask(f, "a.db", "SELECT count(*) FROM metric") == 4 * done);
	assert_int_equal(store_fixture_put(f, store, "e", 0.001 * (done + 1), 0), 0);
	store_close(store);
	fill(f, "b.db", 1);
	store = store_fixture_open(f, "a.db", STORE_READ);
	store_close(store);
}

/* A file system of 400 KB of its own, in a mount namespace that goes with the process. */
static bool mount_small_disk(const char *folder)
{
	if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
		return false;
	return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("ixlab", folder, "tmpfs", 0, "size=400k") == 0;
}

enum { NO_SMALL_DISK = 77 };

static void fill_small_disk(struct store_fixture *f)
{
	struct store *store;
	char block[4096] = {1};
	unsigned done;
	int fd;

	REQUIRE(store_open(&store, store_fixture_path(f, "a.db"), STORE_WRITE, f->error, sizeof(f->error)) == 0);
	done = put_until_failure(f, store);
	REQUIRE(strstr(f->error, "the disk is full"));
	REQUIRE(done > 0);
	store_close(store);
	REQUIRE(store_open(&store, store_fixture_path(f, "a.db"), STORE_READ, f->error, sizeof(f->error)) == 0);
	store_close(store);
	REQUIRE(store_fixture_ask(f, "a.db", "SELECT count(*) FROM run") == done);
	REQUIRE(store_fixture_ask(f, "a.db", "SELECT count(*) FROM metric") == 4 * done);

	/* No room for a new one either. */
	fd = open(store_fixture_path(f, "ballast"), O_WRONLY | O_CREAT, 0600);
	while (write(fd, block, sizeof(block)) > 0)
		;
	close(fd);
	REQUIRE(store_open(&store, store_fixture_path(f, "b.db"), STORE_WRITE, f->error, sizeof(f->error)) == 1);
	REQUIRE(strstr(f->error, "b.db"));
}

static void test_full_disk(void **state)
{
	struct store_fixture *f = *state;
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		if (!mount_small_disk(f->folder))
			_exit(NO_SMALL_DISK);
		fill_small_disk(f);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == NO_SMALL_DISK) {
		print_message("no right to mount a file system: test_write_fails has to do\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, store_fixture_set_up, store_fixture_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_missing),
	    TEST(test_other_files),
	    TEST(test_empty_file),
	    TEST(test_foreign_database_is_left_alone),
	    TEST(test_another_schema),
	    TEST(test_corrupt),
	    TEST(test_merge_refuses_what_is_no_store),
	    TEST(test_locked),
	    TEST(test_readonly_folder),
	    TEST(test_write_fails),
	    TEST(test_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
