/* The codes.  A code keeps its meaning for ever; one that is no longer looked for keeps its
 * number.  Hundreds are families: 0 does not load, 1 the rule as a whole, 2 names, 3 the API
 * and the schema, 4 the contract, 5 types, 6 cost, 9 suppressions.
 *
 * Examples are run by a test: the bad one meets its code, the good one does not.  One that
 * does not begin with "return {" stands in the `evaluate` of a small rule. */
#include "lint/codes.h"

#include <string.h>

const char *const cdn_lint_level_names[] = {NULL, "error", "warning", "info"};

#define RULE(head, body)                                                               \
    "return {\n  name = \"example\", description = \"An example\",\n" head             \
    "  evaluate = function(_, request)\n" body "  end,\n}\n"

const struct cdn_lint_entry cdn_lint_codes[CDN_LINT_CODES] = {
    [CDN_LINT_UNREADABLE] =
        {"CRD001", CDN_LINT_ERROR, true, false, "the file cannot be read",
         "The file does not exist, may not be read, or is longer than a rule may be.",
         "", ""},
    [CDN_LINT_LOAD] =
        {"CRD002", CDN_LINT_ERROR, true, false, "the source does not load",
         "A syntax error, a construct the sandbox refuses (bytecode, 1LL and 1i "
         "literals, "
         "too deep nesting), an error while the chunk ran, or a limit it met while "
         "loading. Lua stops at the first of these, so there is one such finding a "
         "file.",
         "local sent = request.node:outgoing(\"transfer\"\nreturn { decision = "
         "\"allow\" }\n",
         "local sent = request.node:outgoing(\"transfer\")\n"
         "return { decision = \"allow\", score = sent:count() }\n"},
    [CDN_LINT_CONTRACT] =
        {"CRD003", CDN_LINT_ERROR, true, false, "the contract is broken",
         "The table the rule returns lacks a field, has one it should not have, or has "
         "one "
         "of the wrong type or range. rules/README.md lists the fields.",
         RULE("  limts = { edges = 1000 },\n  fallback = \"none\",\n",
              "    return { score = request.now }\n"),
         RULE("  limits = { edges = 1000 },\n  fallback = \"none\",\n",
              "    return { score = request.now }\n")},
    [CDN_LINT_READS] =
        {"CRD004", CDN_LINT_ERROR, true, true,
         "reads names what the snapshot does not have",
         "With --data every label, edge type and property in `reads` must exist in "
         "that "
         "snapshot. cordon snapshot info shows what it has.",
         RULE("  reads = { transfer = { \"amout\" } },\n  fallback = \"none\",\n",
              "    return { score = request.node:outgoing(\"transfer\"):sum(\"amout\") "
              "}\n"),
         RULE("  reads = { transfer = { \"amount\" } },\n  fallback = \"none\",\n",
              "    return { score = "
              "request.node:outgoing(\"transfer\"):sum(\"amount\") }\n")},
    [CDN_LINT_CEILING] =
        {"CRD005", CDN_LINT_ERROR, true, false, "a limit above the engine's ceiling",
         "A rule that declares more in `limits` than its engine allows does not load. "
         "The "
         "ceilings of an engine whose host chose none are 1e9 instructions, 4 MiB of "
         "memory, "
         "1e8 edges, 1 MiB of output and 10 s. A host may raise them; cordon eval does "
         "for "
         "what --max-memory and its like ask.",
         RULE("  limits = { memory = \"64MiB\" },\n  fallback = \"none\",\n",
              "    return { score = request.now }\n"),
         RULE("  limits = { memory = \"2MiB\" },\n  fallback = \"none\",\n",
              "    return { score = request.now }\n")},
    [CDN_LINT_SAME_NAME] =
        {"CRD101", CDN_LINT_WARNING, false, false,
         "two files define a rule of the same name",
         "Loaded into one engine, the later would replace the earlier without a word.",
         "", ""},
    [CDN_LINT_NO_DESCRIPTION] =
        {"CRD102", CDN_LINT_INFO, false, false, "no description",
         "Whoever reads a decision years later has only `description` to tell what the "
         "rule "
         "looked for.",
         "return {\n  name = \"example\", fallback = \"none\",\n"
         "  evaluate = function() return {} end,\n}\n",
         "return {\n  name = \"example\", description = \"Says nothing\", fallback = "
         "\"none\",\n  evaluate = function() return {} end,\n}\n"},
    [CDN_LINT_NO_LIMITS] = {"CRD103", CDN_LINT_INFO, false, false, "no limits declared",
                            "Without `limits` the engine's defaults apply. Declaring "
                            "them tells readers, and "
                            "the engine, what the rule is expected to cost.",
                            "return {\n  name = \"example\", fallback = \"none\",\n"
                            "  evaluate = function() return {} end,\n}\n",
                            "return {\n  name = \"example\", fallback = \"none\", "
                            "limits = { edges = 1000 },\n"
                            "  evaluate = function() return {} end,\n}\n"},
    [CDN_LINT_MUTABLE] =
        {"CRD104", CDN_LINT_WARNING, false, true,
         "reads a property of nodes that has no history",
         "With as_of, which backtests and replay use, a rule sees no edge later than "
         "that "
         "moment, but the present value of every property of a node: what changed "
         "since "
         "leaks into the past. Properties that never change are named by `immutable` "
         "in "
         "schema.lua; a store remembers what the schema said that it was imported "
         "with, and "
         "--schema may say more. Without either every property of a node is taken to "
         "change. What does change can be told by an edge with a time instead.",
         "", ""},
    [CDN_LINT_UNDEFINED] =
        {"CRD201", CDN_LINT_ERROR, false, false, "a name that nothing defines",
         "A name that is no local, no function of the sandbox's library and no global "
         "that "
         "the file sets is nil wherever it is read: to call it or to look into it is "
         "an "
         "error. Most often it is misspelt, or the local stands in another block. A "
         "file "
         "that uses _G is taken to define what it needs.",
         "local total = request.node:outgoing(\"transfer\"):count()\n"
         "return { score = totl }\n",
         "local total = request.node:outgoing(\"transfer\"):count()\n"
         "return { score = total }\n"},
    [CDN_LINT_GLOBAL] = {"CRD202", CDN_LINT_WARNING, false, false, "a global is set",
                         "Without `local` an assignment makes a global: it lives as "
                         "long as the request, is "
                         "slower than a local, and two functions that use one name "
                         "overwrite each other. "
                         "What is set in the chunk itself and read in `evaluate` is "
                         "better a local of the "
                         "chunk.",
                         "total = request.node:outgoing(\"transfer\"):count()\nreturn "
                         "{ score = total }\n",
                         "local total = request.node:outgoing(\"transfer\"):count()\n"
                         "return { score = total }\n"},
    [CDN_LINT_UNUSED] =
        {"CRD203", CDN_LINT_WARNING, false, false, "a local that is never read",
         "What is computed for it is thrown away, and an aggregate over edges costs "
         "edges "
         "all the same. If a value has to be taken and is not needed, give it the name "
         "_ or "
         "a name that begins with _.",
         "local sent = request.node:outgoing(\"transfer\"):sum(\"amount\")\n"
         "return { score = request.now }\n",
         "local sent = request.node:outgoing(\"transfer\"):sum(\"amount\")\n"
         "return { score = sent }\n"},
    [CDN_LINT_UNUSED_PARAMETER] =
        {"CRD204", CDN_LINT_INFO, false, false,
         "a parameter or loop variable that is never read",
         "Often harmless, since others behind it are needed; _ says that it is meant.",
         "local n = 0\nfor edge, other in request.node:outgoing(\"transfer\"):each() "
         "do\n"
         "  n = n + edge.amount\nend\nreturn { score = n }\n",
         "local n = 0\nfor edge in request.node:outgoing(\"transfer\"):each() do\n"
         "  n = n + edge.amount\nend\nreturn { score = n }\n"},
    [CDN_LINT_HIDES] =
        {"CRD205", CDN_LINT_WARNING, false, false, "a local hides another that is read",
         "Two locals of one name are open at once and both are read: whoever reads the "
         "inner "
         "block may take one for the other, and an assignment meant for the outer one "
         "is "
         "lost with the inner. A local that is made from the one that it hides (local "
         "x = x "
         "or 1) is not told, nor are names that begin with _.",
         "local count = 0\nfor edge in request.node:outgoing(\"transfer\"):each() do\n"
         "  local count = edge.amount\n  if count > 10 then return { score = 1 } "
         "end\nend\n"
         "return { score = count }\n",
         "local count = 0\nfor edge in request.node:outgoing(\"transfer\"):each() do\n"
         "  if edge.amount > 10 then count = count + 1 end\nend\n"
         "return { score = count }\n"},
    [CDN_LINT_METHOD] =
        {"CRD301", CDN_LINT_ERROR, false, false, "a method that is not there",
         "The graph, nodes, edge sets, node sets, views, scores, groups and strings "
         "have the "
         "methods that rules/README.md lists; any other name is an error as soon as "
         "the line "
         "runs.",
         "return { score = request.node:outgoing(\"transfer\"):cuont() }\n",
         "return { score = request.node:outgoing(\"transfer\"):count() }\n"},
    [CDN_LINT_PROPERTY] =
        {"CRD302", CDN_LINT_ERROR, false, false,
         "a property that the rule does not declare",
         "A rule sees of a node or an edge what `reads` names for its label or type, "
         "and "
         "what every node and edge has (key, label; source, target, time, type). "
         "Anything "
         "else is an error as soon as the line runs. With --data the snapshot's own "
         "names "
         "are known too, and the finding says whether `reads` or the name is wrong.",
         "return { score = request.node:outgoing(\"transfer\"):sum(\"amuont\") }\n",
         "return { score = request.node:outgoing(\"transfer\"):sum(\"amount\") }\n"},
    [CDN_LINT_KIND] =
        {"CRD303", CDN_LINT_ERROR, false, false,
         "a label or edge type that the rule does not declare",
         "What a rule reads stands in `reads`; nothing else of the graph exists for "
         "it.",
         "return { score = request.node:outgoing(\"tranfer\"):count() }\n",
         "return { score = request.node:outgoing(\"transfer\"):count() }\n"},
    [CDN_LINT_PARAM] =
        {"CRD304", CDN_LINT_ERROR, false, false,
         "a parameter that the rule does not declare",
         "request.params has what `params` declares; to read another name is an error.",
         "return { score = request.now - request.params.windw }\n",
         "return { score = request.now - request.params.window }\n"},
    [CDN_LINT_LIBRARY] = {"CRD305", CDN_LINT_ERROR, false, false,
                          "a library has no such function",
                          "The sandbox has the functions of Lua's string, table, math, "
                          "bit and coroutine "
                          "libraries that cannot harm its host; another name is nil.",
                          "return { score = math.flor(2.5) }\n",
                          "return { score = math.floor(2.5) }\n"},
    [CDN_LINT_REQUEST] = {"CRD306", CDN_LINT_ERROR, false, false,
                          "the request has no such field",
                          "A request has node, now, as_of and params.",
                          "return { score = request.param.window }\n",
                          "return { score = request.params.window }\n"},
    [CDN_LINT_OPERATOR] =
        {"CRD307", CDN_LINT_ERROR, false, false, "where does not know the operator",
         "The operators of :where are == ~= < <= > >=.",
         "return { score = request.node:outgoing(\"transfer\"):where(\"amount\", "
         "\"=>\", "
         "5):count() }\n",
         "return { score = request.node:outgoing(\"transfer\"):where(\"amount\", "
         "\">=\", "
         "5):count() }\n"},
    [CDN_LINT_OPTION] =
        {"CRD308", CDN_LINT_ERROR, false, false, "a method does not know the option",
         "Options of a method stand in a table; one that the method does not know is "
         "an error "
         "as soon as the line runs, and so is an aggregate that group does not know.",
         "return { score = request.node:outgoing(\"transfer\"):cycles({ hopps = 3 }) "
         "}\n",
         "return { score = request.node:outgoing(\"transfer\"):cycles({ hops = 3 }) "
         "}\n"},
    [CDN_LINT_ARGUMENT] =
        {"CRD309", CDN_LINT_ERROR, false, false,
         "a method is called with what it cannot take",
         "A method's own object is passed by ':'; what else it needs, and of which "
         "types, rules/README.md lists. Anything else is an error as soon as the line "
         "runs.",
         "return { score = request.node:outgoing(\"transfer\").count() }\n",
         "return { score = request.node:outgoing(\"transfer\"):count() }\n"},
    [CDN_LINT_TIMELESS] =
        {"CRD310", CDN_LINT_ERROR, false, true, "time is asked of edges that have none",
         "since, after, up_to, before and between go by the time column of an edge "
         "type; one that the schema gives no `time` has none, and the call is an error "
         "as soon as the line runs.",
         "", ""},
    [CDN_LINT_PARAM_UNUSED] =
        {"CRD401", CDN_LINT_WARNING, false, false,
         "a parameter that is declared and not used",
         "Whoever calls the rule believes that it changes something. The name does not "
         "appear in the file again.",
         RULE("  params = { window = { type = \"duration\", default = \"1h\" } },\n"
              "  fallback = \"none\",\n",
              "    return { score = request.now }\n"),
         RULE("  params = { window = { type = \"duration\", default = \"1h\" } },\n"
              "  fallback = \"none\",\n",
              "    return { score = request.now - request.params.window }\n")},
    [CDN_LINT_READ_UNUSED] =
        {"CRD402", CDN_LINT_WARNING, false, false,
         "reads names what the rule does not use",
         "A rule needs to be granted what it declares, so every name too many keeps it "
         "from "
         "principals who might run it; and audits count it as read. The name does not "
         "appear "
         "in the file again.",
         RULE("  reads = { transfer = { \"amount\" } },\n  fallback = \"none\",\n",
              "    return { score = request.node:outgoing(\"transfer\"):count() }\n"),
         RULE("  reads = { transfer = {} },\n  fallback = \"none\",\n",
              "    return { score = request.node:outgoing(\"transfer\"):count() }\n")},
    [CDN_LINT_DECISION_UNUSED] =
        {"CRD403", CDN_LINT_WARNING, false, false, "a decision that is never returned",
         "Either a branch is missing, or the word can go. What `fallback` names counts "
         "as "
         "returned.",
         RULE("  decisions = { \"allow\", \"review\", \"deny\" },\n  fallback = "
              "\"review\",\n",
              "    return { decision = request.now > 0 and \"review\" or \"allow\" "
              "}\n"),
         RULE("  decisions = { \"allow\", \"review\" },\n  fallback = \"review\",\n",
              "    return { decision = request.now > 0 and \"review\" or \"allow\" "
              "}\n")},
    [CDN_LINT_DECISION] =
        {"CRD404", CDN_LINT_ERROR, false, false,
         "a decision is returned that is not declared",
         "Such a result breaks the contract: the outcome is invalid_result, and "
         "`fallback` "
         "stands.",
         RULE("  decisions = { \"allow\", \"review\" },\n  fallback = \"review\",\n",
              "    return { decision = request.now > 0 and \"reveiw\" or \"allow\" "
              "}\n"),
         RULE("  decisions = { \"allow\", \"review\" },\n  fallback = \"review\",\n",
              "    return { decision = request.now > 0 and \"review\" or \"allow\" "
              "}\n")},
    [CDN_LINT_NO_FALLBACK] =
        {"CRD405", CDN_LINT_INFO, false, false, "a rule that decides has no fallback",
         "With fallback = \"none\" a request whose rule fails or is stopped has no "
         "decision, "
         "and each caller has to know what then. A rule that decides knows better "
         "itself.",
         RULE("  decisions = { \"allow\", \"review\" },\n  fallback = \"none\",\n",
              "    return { decision = request.now > 0 and \"review\" or \"allow\" "
              "}\n"),
         RULE("  decisions = { \"allow\", \"review\" },\n  fallback = \"review\",\n",
              "    return { decision = request.now > 0 and \"review\" or \"allow\" "
              "}\n")},
    [CDN_LINT_RESULT] =
        {"CRD406", CDN_LINT_ERROR, false, false, "a result that breaks the contract",
         "evaluate returns a table that may have decision (a string), score (a finite "
         "number), reasons (a list of strings), output, updated_nodes and new_edges. "
         "With anything else the outcome is invalid_result, and `fallback` stands.",
         "return { scor = 1 }\n", "return { score = 1 }\n"},
    [CDN_LINT_UNEQUAL] = {"CRD501", CDN_LINT_WARNING, false, false,
                          "values of different types are never equal",
                          "In Lua 1 == \"1\" is false, and no error. Keys of nodes are "
                          "always strings, times "
                          "and durations always numbers.",
                          "return { score = request.node.key == 17 and 1 or 0 }\n",
                          "return { score = request.node.key == \"17\" and 1 or 0 }\n"},
    [CDN_LINT_ORDER] = {"CRD502", CDN_LINT_ERROR, false, false,
                        "values of different types have no order",
                        "To compare a string and a number with < and the like is an "
                        "error as soon as the "
                        "line runs.",
                        "return { score = request.now > \"2026-01-01\" and 1 or 0 }\n",
                        "return { score = request.now > 1767225600000 and 1 or 0 }\n"},
    [CDN_LINT_CONDITION] =
        {"CRD503", CDN_LINT_ERROR, false, true,
         "where compares a property with another type",
         "A condition of :where has the type of its property in the snapshot: a number "
         "for "
         "numbers and times, a string for strings, true or false for booleans.",
         "return { score = request.node:outgoing(\"transfer\"):where(\"amount\", "
         "\">\", "
         "\"5\"):count() }\n",
         "return { score = request.node:outgoing(\"transfer\"):where(\"amount\", "
         "\">\", "
         "5):count() }\n"},
    [CDN_LINT_ARITHMETIC] =
        {"CRD504", CDN_LINT_ERROR, false, false, "arithmetic with what is no number",
         "To add up, join or take the length of a node, an edge, a set, true or a "
         "function is an error as soon as the line runs.",
         "return { score = #request.node:outgoing(\"transfer\") }\n",
         "return { score = request.node:outgoing(\"transfer\"):count() }\n"},
    [CDN_LINT_COST] =
        {"CRD601", CDN_LINT_WARNING, false, true,
         "a loop may exceed the budget of edges",
         "The degrees of the snapshot say how many edges the dearest node would make "
         "this "
         "read, loops around it included; that is more than the rule's `limits` (or "
         "the "
         "engine's default) allow. Such a request ends with the outcome `limit`. A cut "
         "(:latest(n), :limit(n)) bounds it. Where a dearest case is known to be rare, "
         "say so "
         "in a suppression.",
         "", ""},
    [CDN_LINT_NO_REASON] =
        {"CRD901", CDN_LINT_WARNING, false, false, "a suppression without a reason",
         "-- cordon: disable=CRD203 needs a few words behind the code that say why; "
         "without "
         "them it suppresses nothing.",
         "local spare = 1 -- cordon: disable=CRD203\nreturn { score = 1 }\n",
         "local spare = 1 -- cordon: disable=CRD203 read by the next version\n"
         "return { score = 1 }\n"},
    [CDN_LINT_NOTHING] =
        {"CRD902", CDN_LINT_WARNING, false, false,
         "a suppression that suppresses nothing",
         "The line has no such finding (any more). A suppression that is left behind "
         "would "
         "hide the next fault that somebody makes there.",
         "local spare = 1 -- cordon: disable=CRD203 read by the next version\n"
         "return { score = spare }\n",
         "local spare = 1\nreturn { score = spare }\n"},
    [CDN_LINT_NO_CODE] =
        {"CRD903", CDN_LINT_WARNING, false, false,
         "a suppression that cannot be understood",
         "It is -- cordon: disable=CRD203 why, or with several codes separated by "
         "commas. At "
         "the end of a line it holds for that line, on a line of its own for the next; "
         "disable-file= holds for the file. What keeps a rule from loading cannot be "
         "suppressed.",
         "local spare = 1 -- cordon: disable=unused read by the next version\n"
         "return { score = spare }\n",
         "local spare = 1 -- read by the next version\nreturn { score = spare }\n"},
};

int cdn_lint_code_find(const char *code, size_t bytes)
{
    for (int i = 0; i < CDN_LINT_CODES; i++) {
        if (strlen(cdn_lint_codes[i].code) == bytes &&
            !memcmp(cdn_lint_codes[i].code, code, bytes))
            return i;
    }
    return -1;
}
