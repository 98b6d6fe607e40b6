# Namespaces and interfaces for the dataplane: `ixlab testbed` (harness/cmd_testbed.c).
$(eval $(call library,testbed,$(wildcard harness/testbed/*.c)))
