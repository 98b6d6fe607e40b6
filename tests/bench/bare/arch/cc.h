#ifndef IX_TCP_CC_H
#define IX_TCP_CC_H

#include <stdlib.h>

#define LWIP_PLATFORM_ASSERT(text) abort()
#define LWIP_RAND()                ((u32_t)rand())

#endif
