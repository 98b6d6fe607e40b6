# ixlab-mpi, the only program that needs MPI.
MPI_FLAGS := $(patsubst -I%,-isystem %,$(call pkg,--cflags,ompi))
$(eval $(call program,ixlab-mpi,harness/mpi/relay.c,,$(call pkg,--libs,ompi)))
$(BUILD)/obj/harness/mpi/relay.o: CFLAGS_ALL += $(MPI_FLAGS)
TIDY_FLAGS += $(MPI_FLAGS)
PROGRAMS += $(BIN)/ixlab-mpi
