/* Rows of section 2.5.2: NetPIPE, echoes and many connections. */
#include "harness/measure_metrics.h"

const struct measure measure_echo[] = {
    {.id = "netpipe-ix-oneway", .why_not = "later"},    {.id = "netpipe-linux-oneway", .why_not = "later"},
    {.id = "netpipe-ix-half", .why_not = "later"},      {.id = "netpipe-linux-half", .why_not = "later"},
    {.id = "echo-ix-10g-n1024", .why_not = "later"},    {.id = "echo-ix-over-mtcp", .why_not = "later"},
    {.id = "echo-ix-over-linux", .why_not = "later"},   {.id = "echo-ix-cores-10g", .why_not = "later"},
    {.id = "echo-mtcp-cores-10g", .why_not = "later"},  {.id = "echo-ix-40g-conn", .why_not = "later"},
    {.id = "conn-peak-over-linux", .why_not = "later"}, {.id = "conn-l3-small", .why_not = "later"},
    {.id = "conn-l3-250k", .why_not = "later"},         {.id = "conn-cycles-low", .why_not = "later"},
    {.id = "conn-cycles-high", .why_not = "later"},     {0}};
