/*
 * What kv asks of libix, faked below it (link seam): memory comes from malloc, written bytes are only read, and what is sent
 * without a copy is done with when fake_libix_sent() is called.
 */
#ifndef TEST_FAKE_LIBIX_H
#define TEST_FAKE_LIBIX_H

#include "impl/libix/libix.h"

extern uint64_t fake_libix_written; /* bytes */

/* Tells all who wait that their bytes have been sent. */
void fake_libix_sent(void);

#endif
