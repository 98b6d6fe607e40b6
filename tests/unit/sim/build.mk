SIM_TEST_LIBS := -lm $(call pkg,--libs,gsl)
$(eval $(call test,unit/sim/test_wire,tests/unit/sim/test_wire.c,sim ixcore models,$(SIM_TEST_LIBS)))
$(eval $(call test,unit/sim/test_nic,tests/unit/sim/test_nic.c,sim ixcore models,$(SIM_TEST_LIBS)))
$(eval $(call test,unit/sim/test_system,tests/unit/sim/test_system.c,sim ixcore models,$(SIM_TEST_LIBS)))
$(eval $(call test,unit/sim/test_load,tests/unit/sim/test_load.c,sim ixcore models,$(SIM_TEST_LIBS)))
$(eval $(call test,unit/sim/test_theory,tests/unit/sim/test_theory.c,sim ixcore analysis models,$(SIM_TEST_LIBS)))
$(eval $(call test,unit/sim/test_processor,tests/unit/sim/test_processor.c,sim ixcore models,$(SIM_TEST_LIBS)))
$(eval $(call test,unit/sim/test_host_theory,tests/unit/sim/test_host_theory.c,sim ixcore analysis models,$(SIM_TEST_LIBS)))
$(eval $(call test,unit/sim/test_host_threads,tests/unit/sim/test_host_threads.c,sim ixcore models,$(SIM_TEST_LIBS)))
$(eval $(call test,unit/sim/test_machine,tests/unit/sim/test_machine.c,sim ixcore models,$(SIM_TEST_LIBS)))
$(eval $(call test,unit/sim/test_zygos,tests/unit/sim/test_zygos.c,sim ixcore analysis models,$(SIM_TEST_LIBS)))
$(eval $(call test,unit/sim/test_cost_file,tests/unit/sim/test_cost_file.c,$(HARNESS_LINK),$(HARNESS_LIBS)))
$(eval $(call test,unit/sim/test_allocation,tests/unit/sim/test_allocation.c,sim ixcore models,$(SIM_TEST_LIBS) \
	-Wl$(comma)--wrap=malloc$(comma)--wrap=calloc$(comma)--wrap=realloc$(comma)--wrap=aligned_alloc))
$(eval $(call test,unit/sim/test_network,tests/unit/sim/test_network.c,sim ixtcp ixcore lwip models,$(SIM_TEST_LIBS) -lurcu-qsbr -lurcu-common -lpthread))
PACKET_TEST_LIBS := sim ix ixtcp ixcore lwip models
PACKET_TEST_LDLIBS := $(SIM_TEST_LIBS) -lurcu-qsbr -lurcu-common -lpthread
$(eval $(call test,unit/sim/test_packet,tests/unit/sim/test_packet.c,$(PACKET_TEST_LIBS),$(PACKET_TEST_LDLIBS)))
