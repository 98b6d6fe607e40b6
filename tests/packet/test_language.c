/* The language of packet scripts: what is refused, and where; and what a failure says. */
#include "tests/packet/run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int read_text(struct script *script, const char *text, char *error, size_t size)
{
	error[0] = '\0';
	return script_read(script, text, strlen(text), "FILE", error, size);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *error;
	} bad[] = {
	    {"option colour 3\n", "FILE:1: 'colour'"},
	    {"option mtu 70000\n", "FILE:1: '70000'"},
	    {"option mtu 100\n", "FILE:1: 'options': mtu"},
	    {"option rto_min_ns 200\n", "FILE:1: 'end of line': expected a unit"},
	    {"\n# comment\n0 < S\n", "FILE:3: 'end of line'"},
	    {"0 < S 0:5(4) win 1\n", "FILE:1: 'win'"},
	    {"0 < X 0:0(0)\n", "FILE:1: 'X"},
	    {"0 < S 0:0(0) win 65536\n", "FILE:1: '65536'"},
	    {"0 < S 0:0(0) win *\n", "FILE:1: "},
	    {"0 < S 0:0(0) <mss>\n", "FILE:1: '>'"},
	    {"0 < S 0:0(0) <mss 1460\n", "FILE:1: 'end of line'"},
	    {"0 < S 0:0(0) [sum odd]\n", "FILE:1: 'odd]'"},
	    {"0 < S 0:0(0) [newisn]\n", "FILE:1: "},
	    {"0 > S 0:0(0) [sum bad]\n", "FILE:1: "},
	    {"0 > . 0:0(0)\n", "FILE:1: 'end of line': expected ack"},
	    {"0 < b: S 0:0(0)\n", "FILE:1: 'b:'"},
	    {"0 call dance\n", "FILE:1: 'dance'"},
	    {"0 call accept = maybe\n", "FILE:1: 'maybe'"},
	    {"0 event dead\n", "FILE:1: 'end of line'"},
	    {"0 event recv\n", "FILE:1: 'end of line'"},
	    {"0 quiet please\n", "FILE:1: 'please': expected the end"},
	    {"0 quiet\noption mtu 1500\n", "FILE:2: 'option'"},
	    {"0.1.2 quiet\n", "FILE:1: '.2'"},
	    {"flow a 10.0.0.256:80 *\n", "FILE:1: "},
	    {"arp sometimes\n", "FILE:1: 'sometimes'"},
	    {"0 < arp request to 10.0.0.1\n", "FILE:1: "},
	    {"0 < raw 0\n", "FILE:1: '0'"},
	    {"0 < icmp echo len 5\n", "FILE:1: "},
	};
	struct script script;
	char error[256];

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(read_text(&script, bad[i].text, error, sizeof(error)), -1);
		if (strncmp(error, bad[i].error, strlen(bad[i].error)) != 0)
			fail_msg("'%s' says '%s', not '%s'", bad[i].text, error, bad[i].error);
		assert_null(strchr(error, '\n'));
		script_clear(&script);
	}
}

/* What is printed reads the same again. */
static void test_printed(void **state)
{
	static const char *const packet[] = {
	    "S 0:0(0) win 65535 <mss 1460,nop,wscale 7>",
	    "FP. 1:101(100) ack 7 win 0",
	    "SEC 0:0(0) win 1 <mss 1460,sackok,nop,nop>",
	    ". 1:1(0) ack 1 win 5 <nop,nop,ts 100 7>",
	    "P.U 1:2(1) ack 1 win 5 urg 1",
	    "R @5:@5(0) win 9",
	    "- 4:4(0)",
	    "udp len 12",
	    "icmp echo id 1 seq 2 len 3",
	    "icmp type 13 code 2 id 1 seq 2 len 3",
	    "arp request to 10.0.0.1 from 10.0.0.2",
	    "raw 00ff10",
	};
	struct script script;
	char text[256], again[256], error[256];

	for (unsigned i = 0; i < sizeof(packet) / sizeof(packet[0]); i++) {
		snprintf(text, sizeof(text), "0 < %s\n", packet[i]);
		assert_int_equal(read_text(&script, text, error, sizeof(error)), 0);
		script_print_packet(again, sizeof(again), &script.line[0].packet, NULL);
		assert_string_equal(again, packet[i]);
		script_clear(&script);
	}
}

#define HANDSHAKE                                                                                                      \
	"option listen_port 80\n"                                                                                      \
	"0 < S 0:0(0) win 65535 <mss 1460>\n"                                                                          \
	"+0 > S. 0:0(0) ack 1 win 65535 <mss 1460>\n"                                                                  \
	"+0 < . 1:1(0) ack 1 win 65535\n"                                                                              \
	"+0 event knock\n"                                                                                             \
	"+0 call accept\n"

static void test_failures(void **state)
{
	static const struct {
		const char *text, *message[3];
	} bad[] = {
	    {"option listen_port 80\n0 < S 0:0(0) win 65535\n+0 > S. 0:0(0) ack 2 win 65535 <mss 1460>\n",
	     {"FILE:3: packet differs: ack\n", "expected  > S. 0:0(0) ack 2 win 65535",
	      "got       > S. 0:0(0) ack 1 win 65535"}},
	    {"option listen_port 80\n0 < S 0:0(0) win 65535\n+1 quiet\n",
	     {"FILE:3: unexpected packet\n", "expected  nothing", "> S. "}},
	    {"option listen_port 80\n0 < S 0:0(0) win 65535\n", {"FILE:2: unexpected packet\n", "", ""}},
	    {"0 > S 0:0(0)\n", {"FILE:1: missing packet\n", "expected  0.000000 > S 0:0(0)", "got       nothing"}},
	    {HANDSHAKE "+0 event eof\n", {"FILE:7: missing event\n", "expected  0.000000 event eof", ""}},
	    {HANDSHAKE "+0 < P. 1:11(10) ack 1 win 1\n+0 event recv 11\n",
	     {"FILE:8: event differs\n", "expected  event a: recv 11", "got       event a: recv 10"}},
	    {HANDSHAKE "+0 < P. 1:11(10) ack 1 win 1\n+0 event recv 10 alt\n",
	     {"FILE:8: byte 0 received differs\n", "", ""}},
	    {HANDSHAKE "+0 call sendv 9 = 8\n",
	     {"FILE:7: result of call differs\n", "expected  sendv = 8", "got       sendv = 9"}},
	    {HANDSHAKE "+0 call sendv 9\n+0 > P. 1:10(9) ack 1\n+0.3 > P. 1:10(9) ack 1\n",
	     {"FILE:9: unexpected packet\n", "", "got       0.2000"}},
	    {HANDSHAKE "+0 call sendv 9\n+0 > P. 1:10(9) ack 1\n+0.1 > P. 1:10(9) ack 1\n",
	     {"FILE:9: missing packet\n", "", ""}},
	    {HANDSHAKE "+0 count accepted 2\n", {"FILE:7: count differs\n", "accepted 2", "accepted 1"}},
	    {HANDSHAKE "+0 count nonsense 2\n", {"FILE:7: count: no such name: nonsense", "", ""}},
	    {HANDSHAKE "+1 quiet\n0.5 quiet\n", {"FILE:8: this time has passed", "", ""}},
	};
	struct script script;
	struct run_result result;
	char error[256];

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(read_text(&script, bad[i].text, error, sizeof(error)), 0);
		run_script(&script, &device_under_test, &result);
		assert_false(result.passed);
		for (unsigned m = 0; m < 3; m++)
			if (!strstr(result.message, bad[i].message[m]))
				fail_msg("'%s' not in '%s'", bad[i].message[m], result.message);
		free(result.trace);
		script_clear(&script);
	}
}

/* The same script gives the same trace, byte for byte. */
static void test_deterministic(void **state)
{
	static const char text[] = HANDSHAKE "+0 call sendv 4000\n+0 > . 1:1461(1460) ack 1\n"
					     "+0 > . 1461:2921(1460) ack 1\n+0 > P. 2921:4001(1080) ack 1\n"
					     "+0.2 > . 1:1461(1460) ack 1\n";
	struct script script;
	struct run_result result[2];
	char error[256];

	assert_int_equal(read_text(&script, text, error, sizeof(error)), 0);
	for (unsigned i = 0; i < 2; i++) {
		run_script(&script, &device_under_test, &result[i]);
		assert_true(result[i].passed);
	}
	assert_string_equal(result[0].trace, result[1].trace);
	free(result[0].trace);
	free(result[1].trace);
	script_clear(&script);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_printed),
	    cmocka_unit_test(test_failures),
	    cmocka_unit_test(test_deterministic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
