/* The program that chooses the queue of a kernel tap: Toeplitz hash over the flow, then a table that user space
 * rewrites. */
#ifndef IX_NIC_STEERING_H
#define IX_NIC_STEERING_H

#include "impl/core/rss.h"

struct tap_steering;

/* For the tap @interface of this process. NULL with errno on failure. */
struct tap_steering *tap_steering_start(const char *interface, const struct ix_rss *rss);
void tap_steering_stop(struct tap_steering *steering);
void tap_steering_set(struct tap_steering *steering, unsigned group, unsigned queue);

#endif
