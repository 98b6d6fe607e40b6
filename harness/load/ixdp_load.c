/* ixdp with the load client as one more application: a client on the dataplane for a server on the dataplane. */
#include "harness/load/load.h"
#include "impl/ixdp/main.h"

int main(int argc, char **argv)
{
	static const struct ix_app *const more[] = {&ix_app_load, NULL};

	return ixdp_main(argc, argv, more);
}
