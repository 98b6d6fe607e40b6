$(eval $(call test,libix_connection,tests/unit/libix/test_connection.c,ix))
$(eval $(call test,libix_send,tests/unit/libix/test_send.c,ix))
$(eval $(call test,libix_runtime,tests/unit/libix/test_runtime.c,ix))
$(eval $(call test,libix_results,tests/unit/libix/test_results.c,ix))
