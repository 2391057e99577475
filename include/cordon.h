/* cordon: untrusted graph rules inside a graph query server, fenced in.
 *
 * A rule is a Lua chunk that nobody has fully tested: a fraud check, a recommendation, an
 * experiment.  cordon runs it in a restricted LuaJIT state over a read-only snapshot of a
 * property graph, with an instruction budget, a memory cap, a deadline and a graph budget.
 * Every request starts from the same pristine state.  A rule reads only what it declared,
 * changes nothing, and cannot stay longer, grow larger or look farther than it may.  What
 * it answers is a decision with a score, reasons and a cost; what it would like changed it
 * proposes, and the host decides.
 *
 * THE OBJECTS
 *
 *   cordon_snapshot  one immutable generation of the graph, mapped from one file
 *   cordon_engine    rules by name, a current snapshot, and the sandboxes they run in
 *   cordon_request   plain data: the subject node, parameters, the time, limits
 *   cordon_outcome   what one evaluation did and cost; made once, refilled by each
 *   cordon_set_outcome  what a set of rules made of one event
 *   cordon_policy    principals: who may run what, and what of the graph is seen for them
 *   cordon_proposals a log of what rules would like changed, until somebody decides
 *   cordon_audit     the decision log: every decision on disk, in a chain of hashes
 *   cordon_trace     which lines of a rule ran, what they cost, and what they went by
 *   cordon_value     a view of msgpack bytes: how parameters go in and results come out
 *   cordon_registry  versions of rules and sets in a file, which one decides, and who said so
 *   cordon_error     the caller's own record of why a call did not work
 *
 * A host opens a snapshot, makes an engine, gives it the snapshot and the rules, makes one
 * outcome a thread, and evaluates.  include/README.md holds a whole program.  One that
 * attaches a registry, a store, a policy's file or a log calls cordon_engine_upkeep() from a
 * timer: the engine starts no thread of its own.
 *
 * TWO ANSWERS, NEVER MIXED
 *
 * A cordon_status says whether the host's call worked: the rule exists, the parameters fit,
 * memory was there.  The outcome says what the rule did: ok, error, limit, denied,
 * invalid_result or cancelled.  A rule that ran into its limit is a call that worked.  Its
 * outcome then carries the rule's declared fallback as the decision, and says that it does.
 *
 * THREADS
 *
 *   cordon_snapshot  immutable; shared by any number of threads
 *   cordon_engine    shared; every function is safe from any thread, but the last,
 *                    cordon_engine_free(), for which no call may be under way
 *   cordon_registry  shared by threads and processes; closed when no call is under way
 *   cordon_proposals shared; every function is safe from any thread, but close
 *   cordon_policy    immutable; shared by any number of threads
 *   cordon_outcome, cordon_set_outcome
 *                    one thread at a time; make one a thread
 *   cordon_audit     shared; every function is safe from any thread but the last
 *   cordon_trace     one evaluation at a time; read between them
 *   cordon_request   borrowed for the call; may be shared while nobody writes to it
 *   cordon_cancel    cordon_cancel_request() from any thread and from a signal handler
 *   cordon_value, cordon_builder, cordon_error
 *                    plain data of the caller's; one thread at a time
 *
 * Beyond this table: a const pointer may be used concurrently, any other is exclusive.
 *
 * OWNERSHIP
 *
 * Comments use three words.  *Owned*: the caller's to release, with the function named.
 * *Borrowed*: usable until the moment named, never released.  *Taken*: given away by the
 * call, also when it fails; such a function has _take in its name.  Accessors return
 * borrowed pointers, out parameters hand over owned ones.  On failure an out parameter is
 * set to NULL or left as it was, and nothing needs to be released.
 *
 * Structs that may grow start with struct_size, which their _INIT macro sets; zero in every
 * other field means the default, never "unlimited".
 *
 * WHAT IS PROMISED
 *
 *   - A rule cannot crash the host, write to its memory, reach its files, network, clock or
 *     environment, or see what another request left behind.
 *   - A rule's budgets hold whatever it does to escape them: protected calls, coroutines,
 *     metamethods and error handlers included.
 *   - Equal requests on equal data have equal outcomes, results, instruction and edge
 *     counts on every machine.
 *   - Every byte from outside (snapshot file, rule, parameters) may be hostile: the answer
 *     is an error that says where and why.
 *   - The library has no mutable global state but counters, once-computed constants and the
 *     lists of LMDB files it has open, starts no thread, installs no signal handler or timer, never exits the process, and
 *     writes no output.  After warm-up an evaluation allocates nothing from the heap.
 *
 * WHAT IS NOT
 *
 *   - Rules share the host's address space.  The wall is the language, and a fault in
 *     LuaJIT's interpreter itself would be a hole in it; known ones are closed from outside.
 *   - Peak memory and times are measured, not reproducible; so are the outcomes they cause.
 *   - A snapshot file that another process truncates or rewrites while it is mapped.
 *   - Side channels: a rule can learn from its own budgets what its reads cost.
 *   - The ABI, before version 1.0: recompile with each 0.x release. */
#ifndef CORDON_H
#define CORDON_H

#include <cordon/audit.h>
#include <cordon/audit_read.h>
#include <cordon/conduct.h>
#include <cordon/engine.h>
#include <cordon/error.h>
#include <cordon/evaluate.h>
#include <cordon/function.h>
#include <cordon/graph.h>
#include <cordon/metrics.h>
#include <cordon/outcome.h>
#include <cordon/policy.h>
#include <cordon/registry.h>
#include <cordon/proposal.h>
#include <cordon/rule.h>
#include <cordon/set.h>
#include <cordon/snapshot.h>
#include <cordon/standing.h>
#include <cordon/trace.h>
#include <cordon/upkeep.h>
#include <cordon/value.h>
#include <cordon/version.h>

#endif
