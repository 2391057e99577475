/* Functions of a host's that hostile rules may call: the class `host`. */
#ifndef CORDON_TESTS_ATTACK_FUNCTIONS_H
#define CORDON_TESTS_ATTACK_FUNCTIONS_H

#include <cordon/engine.h>

/* Give an engine `echo`, `count`, `fail`, `large`, `junk`, `nest` and `slow`. */
cordon_status attack_functions(cordon_engine *engine, cordon_error *err);

#endif
