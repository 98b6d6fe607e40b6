/* The ixdp program. */
#include "impl/ixdp/main.h"

#include <stddef.h>

int main(int argc, char **argv)
{
	static const struct ix_app *const none[] = {NULL};

	return ixdp_main(argc, argv, none);
}
