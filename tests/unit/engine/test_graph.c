/* Reads of the graph without a rule: what they give, to whom, and where they end. */
#include "reading.h"

#include "base/alloc.h"

static const char SECRET[] = "an old secret of more than 32 bytes, for tests";

static const char POLICY[] =
    "return { mask_key = 'env:X', principals = {\n"
    "  full   = { reads = '*' },\n"
    "  none   = { rules = '*' },\n"
    "  near   = { reads = { Account = { 'risk' }, transfer = {} }, hops = 2 },\n"
    "  blind  = { reads = { Account = {}, own = {}, signIn = {} } },\n"
    "  masked = { reads = '*', masks = { Account = { risk = { 'bucket', 100 }, kind = "
    "'redact',\n"
    "             nickname = { 'truncate', 2 }, balance = 'hash', serial = 'hash', bag "
    "= "
    "'redact' },\n"
    "             transfer = { amount = 'hash', memo = 'redact' } } },\n"
    "  hidden = { reads = '*', masks = { Account = { key = 'redact' } } },\n"
    "  cheap  = { reads = '*', ceilings = { edges = 3, nodes = 50 } },\n"
    "} }";

static cordon_engine *engine;
static cordon_read as;
static cordon_query query;
static cordon_error err;
static struct reading_answer answer;

static void give(const char *text)
{
    cordon_policy *policy;

    ck_assert_msg(!cordon_policy_load_text(&policy, text, strlen(text), "p.lua", SECRET,
                                           sizeof SECRET, &err),
                  "%s", err.message);
    ck_assert_msg(!cordon_engine_set_policy(engine, policy, &err), "%s", err.message);
    cordon_policy_release(policy);
}

static void setup(void)
{
    engine = serving_engine(1);
    serving_bank(engine);
    give(POLICY);
    as = (cordon_read)CORDON_READ_INIT;
    query = (cordon_query)CORDON_QUERY_INIT;
    query.label = "Account";
    query.key = "100";
}

static void teardown(void)
{
    cordon_engine_free(engine);
}

static const char *page(void)
{
    return reading_ask(&answer, cordon_graph_neighbourhood, engine, &as, &query);
}

static const char *refused(cordon_status status, reading_call call)
{
    return reading_refused(&err, status, call, engine, &as, &query);
}

static cordon_status schema_of(cordon_builder *out, cordon_engine *of,
                               const cordon_read *read, const cordon_query *unused,
                               cordon_error *error)
{
    (void)unused;
    return cordon_graph_schema(out, of, read, error);
}

/* The keys of a page's other ends, "200 300 ". */
static const char *peers(const char *list, const char *name)
{
    static char text[4096];
    cordon_value edges, edge, node;
    char key[32];

    text[0] = '\0';
    ck_assert(cordon_value_get(&edges, &answer.value, list));
    for (uint32_t i = 0; cordon_value_at(&edge, &edges, i); i++) {
        if (name &&
            (!cordon_value_get(&node, &edge, name) || node.type == CORDON_NIL)) {
            strncat(text, "? ", sizeof text - strlen(text) - 1);
            continue;
        }
        reading_string(key, sizeof key, name ? &node : &edge, "key");
        strncat(text, key, sizeof text - strlen(text) - 2);
        strncat(text, " ", sizeof text - strlen(text) - 1);
    }
    return text;
}

/* ---- what they give ---- */

START_TEST(node__has_its_properties)
{
    const char *text = reading_ask(&answer, cordon_graph_node, engine, &as, &query);

    ck_assert_contains(text, "node:{label:'Account',key:'100',properties:{");
    ck_assert_contains(text,
                       "bag:nil,balance:10.5,createTime:1600086400000,isBlocked:"
                       "false,kind:'loan',nickname:nil,note:'note of 100',risk:10,"
                       "serial:'9007199254740993'}");
    query.key = "200";
    ck_assert_contains(reading_ask(&answer, cordon_graph_node, engine, &as, &query),
                       "bag:{tags:['a','b']}");
    query.properties = (const char *const[]){"risk", "key"};
    query.property_count = 2;
    ck_assert_str_eq(
        reading_ask(&answer, cordon_graph_node, engine, &as, &query),
        "{generation:0,node:{label:'Account',key:'200',properties:{risk:20}}}");
}
END_TEST

START_TEST(node__says_how_much_room_it_needs)
{
    unsigned char small[8];
    cordon_builder builder;

    cordon_builder_init(&builder, small, sizeof small);
    ck_assert(!cordon_graph_node(&builder, engine, &as, &query, &err));
    ck_assert(!cordon_builder_ok(&builder));
    (void)reading_ask(&answer, cordon_graph_node, engine, &as, &query);
    ck_assert_uint_eq(builder.length, answer.builder.length);
}
END_TEST

START_TEST(schema__is_what_is_granted)
{
    const char *text = reading_ask(&answer, schema_of, engine, &as, NULL);

    ck_assert_contains(text, "{label:'Account',key:'int64',count:10,examples:['100','"
                             "300','500','700','900'],properties:[{name:'bag',"
                             "type:'bag',nullable:true,mask:nil}");
    ck_assert_contains(text,
                       "{type:'own',time:nil,ends:[{from:'Company',to:'Account',count:2"
                       "},{from:'Person',to:'Account',count:3}],properties:[{name:"
                       "'share',type:'float64',nullable:true,mask:nil}]}");
    ck_assert_contains(text, "{type:'transfer',time:'ts'");
    as.principal = "near";
    ck_assert_str_eq(
        reading_ask(&answer, schema_of, engine, &as, NULL),
        "{generation:0,nodes:10,edges:12,labels:[{label:'Account',key:'int64',count:10,"
        "examples:['100','300','500','700','900'],properties:[{name:'risk',type:'int64'"
        ",nullable:false,mask:nil}]}],types:[{"
        "type:"
        "'transfer',time:'ts',ends:[{from:'Account',to:'Account',count:12}],properties:"
        "[]}]}");
    as.principal = "none";
    ck_assert_str_eq(reading_ask(&answer, schema_of, engine, &as, NULL),
                     "{generation:0,nodes:0,edges:0,labels:[],types:[]}");
    as.principal = "masked";
    ck_assert_contains(reading_ask(&answer, schema_of, engine, &as, NULL),
                       "{name:'amount',type:'float64',nullable:false,mask:'hash'}");
}
END_TEST

START_TEST(schema__has_no_examples_of_masked_keys)
{
    as.principal = "hidden";
    ck_assert_contains(reading_ask(&answer, schema_of, engine, &as, NULL),
                       "{label:'Account',key:'int64',count:10,examples:[],");
}
END_TEST

START_TEST(neighbourhood__is_in_order_of_time)
{
    query.types = (const char *const[]){"transfer"};
    query.type_count = 1;
    (void)page();
    ck_assert_str_eq(peers("edges", "node"), "500 400 300 400 300 300 200 200 ");
    query.order = CORDON_ORDER_OLDEST;
    (void)page();
    ck_assert_str_eq(peers("edges", "node"), "200 200 300 300 400 300 400 500 ");
    query.direction = CORDON_DIRECTION_OUTGOING;
    (void)page();
    ck_assert_str_eq(peers("edges", "node"), "200 200 300 300 400 ");
    query.direction = CORDON_DIRECTION_INCOMING;
    query.limit = 1;
    ck_assert_contains(page(),
                       "edges:[{type:'transfer',direction:'incoming',node:{label:"
                       "'Account',key:'300'},time:1700018000000,properties:{amount:"
                       "5.5,cents:550,memo:nil}}],stopped:nil,cursor:'");
    query.type_count = 0;
    query.limit = 0;
    query.order = CORDON_ORDER_NEWEST;
    (void)page();
    ck_assert_str_eq(peers("edges", "node"), "500 400 300 1 2 1 ann acme ");
    query.key = "600"; /* a self-loop */
    (void)page();
    ck_assert_str_eq(peers("edges", "node"), "600 ");
    query.direction = CORDON_DIRECTION_BOTH;
    (void)page();
    ck_assert_str_eq(peers("edges", "node"), "600 ");
    query.key = "700";
    ck_assert_contains(page(), "edges:[],stopped:nil,cursor:nil}");
}
END_TEST

START_TEST(neighbourhood__keeps_to_time_and_conditions)
{
    cordon_condition where[2] = {
        {"amount", ">=", {.type = CORDON_INTEGER, .as.integer = 30}},
        {"memo", "==", {.type = CORDON_STRING, .length = 4, .as.string = "rent"}}};

    query.since_ms = CDN_BANK_T + CDN_BANK_HOUR;
    query.until_ms = CDN_BANK_T + 4 * CDN_BANK_HOUR;
    (void)page();
    ck_assert_str_eq(peers("edges", "node"), "400 1 2 300 300 200 ");
    query.where = where;
    query.where_count = 1;
    (void)page();
    ck_assert_str_eq(peers("edges", "node"), "400 300 300 ");
    query.where_count = 2;
    (void)page();
    ck_assert_str_eq(peers("edges", "node"), "300 ");
    where[1] = (cordon_condition){
        "location", "~=", {.type = CORDON_STRING, .length = 4, .as.string = "Oslo"}};
    query.where = &where[1];
    query.where_count = 1;
    (void)page();
    ck_assert_str_eq(peers("edges", "node"), "1 ");
    where[1] = (cordon_condition){
        "time", "<", {.type = CORDON_NUMBER, .as.number = 1.7e12 + 3.6e6 + 1}};
    (void)page();
    ck_assert_str_eq(peers("edges", "node"), "200 ");
    query.where_count = 0;
    as.as_of_ms = CDN_BANK_T + 2 * CDN_BANK_HOUR;
    (void)page();
    ck_assert_str_eq(peers("edges", "node"), "2 300 300 200 ");
    query.since_ms = CORDON_NO_TIME;
    query.until_ms = CORDON_NO_TIME;
    query.properties = (const char *const[]){"risk", "share"};
    query.property_count = 2;
    ck_assert_contains(page(),
                       "{type:'own',direction:'incoming',node:{label:'Person',key:"
                       "'ann'},time:nil,properties:{share:0.5}}");
    ck_assert_contains(answer.text,
                       "node:{label:'Account',key:'200',properties:{risk:20}}");
}
END_TEST

START_TEST(neighbourhood__pages_are_the_whole)
{
    char cursor[CORDON_CURSOR_BYTES + 1] = "", seen[4096] = "";
    char whole[4096];

    query.order = _i & 1 ? CORDON_ORDER_OLDEST : CORDON_ORDER_NEWEST;
    (void)page();
    snprintf(whole, sizeof whole, "%s", peers("edges", "node"));
    query.limit = (uint32_t)_i / 2 + 1;
    do {
        query.cursor = *cursor ? cursor : NULL;
        (void)page();
        strncat(seen, peers("edges", "node"), sizeof seen - strlen(seen) - 1);
        reading_string(cursor, sizeof cursor, &answer.value, "cursor");
    } while (*cursor);
    ck_assert_str_eq(seen, whole);
}
END_TEST

START_TEST(ego__is_what_lies_around)
{
    query.types = (const char *const[]){"transfer"};
    query.type_count = 1;
    query.properties = (const char *const[]){"risk", "amount"};
    query.property_count = 2;
    query.order = CORDON_ORDER_OLDEST;
    (void)reading_ask(&answer, cordon_graph_ego, engine, &as, &query);
    ck_assert_str_eq(peers("nodes", NULL), "100 200 300 400 500 ");
    ck_assert_contains(answer.text,
                       "nodes:[{label:'Account',key:'100',hop:0,properties:{risk"
                       ":10}},{label:'Account',key:'200',hop:1,");
    ck_assert_contains(answer.text,
                       "edges:[{type:'transfer',from:0,to:1,time:1700000000000,"
                       "properties:{amount:10}},");
    ck_assert_contains(answer.text, "{type:'transfer',from:1,to:2,time:1700021600000,"
                                    "properties:{amount:2.5}}");
    ck_assert_contains(answer.text, "],truncated:false,stopped:nil}");
    query.max_nodes = 3;
    (void)reading_ask(&answer, cordon_graph_ego, engine, &as, &query);
    ck_assert_str_eq(peers("nodes", NULL), "100 200 300 ");
    ck_assert_contains(answer.text, "],truncated:true,stopped:nil}");
    query.max_nodes = 0;
    query.max_edges = 2;
    (void)reading_ask(&answer, cordon_graph_ego, engine, &as, &query);
    ck_assert_contains(answer.text, "],truncated:true,stopped:nil}");
    query.max_edges = 0;
    query.type_count = 0;
    query.hops = 2;
    query.direction = CORDON_DIRECTION_INCOMING;
    query.properties = (const char *const[]){"key"};
    query.property_count = 1;
    (void)reading_ask(&answer, cordon_graph_ego, engine, &as, &query);
    ck_assert_str_eq(peers("nodes", NULL),
                     "100 acme ann 1 2 300 400 500 zenith bob 200 ");
    ck_assert_contains(answer.text,
                       "{label:'Company',key:'zenith',hop:2,properties:{}}");
}
END_TEST

/* ---- to whom ---- */

START_TEST(grants__are_what_is_seen)
{
    cordon_condition where = {"amount", ">", {.type = CORDON_INTEGER, .as.integer = 1}};

    as.principal = "none";
    ck_assert_contains(refused(CORDON_E_DENIED, cordon_graph_node),
                       "principal 'none' may not read label Account");
    as.principal = "nobody";
    ck_assert_contains(refused(CORDON_E_DENIED, cordon_graph_node),
                       "no principal 'nobody'");
    as.principal = "near";
    ck_assert_contains(reading_ask(&answer, cordon_graph_node, engine, &as, &query),
                       "properties:{risk:10}");
    (void)page();
    ck_assert_str_eq(peers("edges", "node"), "500 400 300 400 300 300 200 200 ");
    ck_assert_contains(answer.text, "time:1700000000000,properties:{}");
    query.where = &where;
    query.where_count = 1;
    ck_assert_contains(refused(CORDON_E_DENIED, cordon_graph_neighbourhood),
                       "may not read property 'amount' of transfer");
    query.where_count = 0;
    query.types = (const char *const[]){"own"};
    query.type_count = 1;
    ck_assert_contains(refused(CORDON_E_DENIED, cordon_graph_neighbourhood),
                       "may not read edge type own");
    ck_assert_contains(refused(CORDON_E_DENIED, cordon_graph_ego),
                       "may not read edge type own");
    query.type_count = 0;
    query.properties = (const char *const[]){"balance"};
    query.property_count = 1;
    ck_assert_contains(refused(CORDON_E_DENIED, cordon_graph_node),
                       "may not read property 'balance' of Account");
    ck_assert_contains(refused(CORDON_E_DENIED, cordon_graph_ego),
                       "may not read property 'balance' of Account");
    query.label = "Person";
    query.key = "ann";
    ck_assert_contains(refused(CORDON_E_DENIED, cordon_graph_neighbourhood),
                       "may not read label Person");
    query.key = "nobody of that name"; /* and not whether there is one */
    ck_assert_contains(refused(CORDON_E_DENIED, cordon_graph_neighbourhood),
                       "may not read label Person");
}
END_TEST

START_TEST(grants__hide_which_nodes_have_a_label)
{
    as.principal = "blind";
    (void)page();
    ck_assert_str_eq(peers("edges", "node"), "? ? ? ? ? ");
    ck_assert_contains(answer.text, "node:nil");
    ck_assert_ptr_null(strstr(answer.text, "ann"));
    ck_assert_ptr_null(strstr(answer.text, "acme"));
    (void)reading_ask(&answer, cordon_graph_ego, engine, &as, &query);
    ck_assert_contains(answer.text, "{label:nil,key:nil,hop:1,properties:{}}");
    ck_assert_ptr_null(strstr(answer.text, "ann"));
}
END_TEST

START_TEST(grants__bound_hops)
{
    as.principal = "near";
    query.hops = 2;
    (void)reading_ask(&answer, cordon_graph_ego, engine, &as, &query);
    query.hops = 3;
    ck_assert_contains(refused(CORDON_E_DENIED, cordon_graph_ego),
                       "hops: 3, and principal 'near' is granted 2");
}
END_TEST

START_TEST(masks__stand_before_every_value)
{
    static const char *const bare[] = {"10.5", "10:",  "loan",   "550",
                                       "rent", "gift", "900719", "40,"};
    cordon_condition where = {"amount", ">", {.type = CORDON_INTEGER, .as.integer = 1}};
    const char *text;

    as.principal = "masked";
    query.key = "200";
    text = reading_ask(&answer, cordon_graph_node, engine, &as, &query);
    ck_assert_contains(text, "risk:0");
    ck_assert_contains(text, "kind:'[redacted]'");
    ck_assert_contains(text, "nickname:'ni'");
    ck_assert_contains(text, "bag:nil");
    ck_assert_ptr_null(strstr(text, "9007199254740994"));
    ck_assert_ptr_null(strstr(text, "balance:21"));
    query.key = "100";
    query.properties = (const char *const[]){"amount", "memo", "balance", "kind"};
    query.property_count = 4;
    text = page();
    ck_assert_contains(text, "memo:'[redacted]'");
    for (int i = 0; i < 6; i++)
        ck_assert_msg(!strstr(text, bare[i]), "%s in %s", bare[i], text);
    text = reading_ask(&answer, cordon_graph_ego, engine, &as, &query);
    for (int i = 0; i < 6; i++)
        ck_assert_msg(!strstr(text, bare[i]), "%s in %s", bare[i], text);
    query.where = &where;
    query.where_count = 1;
    ck_assert_contains(
        refused(CORDON_E_DENIED, cordon_graph_neighbourhood),
        "property 'amount' of transfer is masked for principal 'masked'");
    ck_assert_contains(refused(CORDON_E_DENIED, cordon_graph_ego), "is masked");
}
END_TEST

START_TEST(masks__of_keys_hide_them_and_refuse_to_look_up)
{
    as.principal = "hidden";
    ck_assert_contains(refused(CORDON_E_DENIED, cordon_graph_node),
                       "the keys of Account are masked for principal 'hidden'");
    query.key = "12345";
    ck_assert_contains(refused(CORDON_E_DENIED, cordon_graph_ego), "are masked");
    query.label = "Person";
    query.key = "ann";
    query.direction = CORDON_DIRECTION_OUTGOING;
    query.types = (const char *const[]){"own"};
    query.type_count = 1;
    ck_assert_contains(page(), "node:{label:'Account',key:'[redacted]'}");
    query.hops = 3;
    query.type_count = 0;
    ck_assert_contains(reading_ask(&answer, cordon_graph_ego, engine, &as, &query),
                       "{label:'Account',key:'[redacted]',hop:");
    for (int key = 100; key <= 1000; key += 100) {
        char bare[16];

        snprintf(bare, sizeof bare, "key:'%d'", key);
        ck_assert_ptr_null(strstr(answer.text, bare));
    }
}
END_TEST

START_TEST(masks__are_those_that_rules_are_handed)
{
    cordon_outcome *outcome = serving_outcome();
    cordon_request request = CORDON_REQUEST_INIT;
    char wanted[200] = "";
    cordon_value output;

    give("return { mask_key = 'env:X', principals = { m = { rules = '*', reads = '*', "
         "masks "
         "= { Account = { balance = 'hash', serial = 'hash', isBlocked = 'hash', "
         "createTime "
         "= { 'bucket', '30d' } } } } } }");
    serving_load(engine,
                 "return { name = 'r', fallback = 'none', reads = { Account = { "
                 "'balance', 'serial', 'isBlocked', 'createTime' } },\n"
                 "evaluate = function(graph, request) local n = request.node\n"
                 "return { output = { balance = n.balance, createTime = "
                 "n.createTime, isBlocked = n.isBlocked, serial = n.serial } } end }");
    as.principal = request.principal = "m";
    request.label = "Account";
    request.key = "100";
    ck_assert(!cordon_evaluate(outcome, engine, "r", &request, &err));
    output = cordon_outcome_output(outcome);
    reading_text(wanted, sizeof wanted, &output);
    query.properties =
        (const char *const[]){"balance", "serial", "isBlocked", "createTime"};
    query.property_count = 4;
    ck_assert_contains(reading_ask(&answer, cordon_graph_node, engine, &as, &query),
                       wanted);
    cordon_outcome_free(outcome);
}
END_TEST

/* ---- where they end ---- */

START_TEST(limits__end_a_page_and_the_next_goes_on)
{
    char cursor[CORDON_CURSOR_BYTES + 1] = "", seen[256] = "", whole[256];
    cordon_usage usage;
    int pages = 0;

    (void)page();
    snprintf(whole, sizeof whole, "%s", peers("edges", "node"));
    as.principal = "cheap";
    as.usage = &usage;
    query.types = (const char *const[]){"transfer"};
    query.type_count = 1;
    query.direction = CORDON_DIRECTION_OUTGOING;
    do {
        query.cursor = *cursor ? cursor : NULL;
        (void)page();
        ck_assert_uint_le(usage.edges, 3);
        ck_assert_uint_eq(usage.edges_limit, 3);
        strncat(seen, peers("edges", "node"), sizeof seen - strlen(seen) - 1);
        reading_string(cursor, sizeof cursor, &answer.value, "cursor");
        if (*cursor)
            ck_assert_contains(answer.text, "stopped:'edges'");
        pages++;
    } while (*cursor);
    ck_assert_str_eq(seen, "400 300 300 200 200 ");
    ck_assert_int_eq(pages, 3);
    query.type_count = 0;
    query.cursor = NULL;
    query.direction = CORDON_DIRECTION_BOTH;
    ck_assert_contains(refused(CORDON_E_INVALID, cordon_graph_neighbourhood),
                       "edges: the limit is too low");
}
END_TEST

START_TEST(limits__are_those_of_rules)
{
    cordon_limits limits = CORDON_LIMITS_INIT;
    cordon_usage usage;

    as.limits = &limits;
    as.usage = &usage;
    limits.nodes = 3;
    (void)page();
    ck_assert_str_eq(peers("edges", "node"), "500 400 ");
    ck_assert_contains(answer.text, "stopped:'nodes'");
    ck_assert_uint_eq(usage.nodes, 3);
    (void)reading_ask(&answer, cordon_graph_ego, engine, &as, &query);
    ck_assert_contains(answer.text, "truncated:true,stopped:'nodes'");
    limits.nodes = 0;
    limits.hops = 1;
    query.hops = 2;
    (void)reading_ask(&answer, cordon_graph_ego, engine, &as, &query);
    ck_assert_contains(answer.text, "truncated:true,stopped:'hops'");
    limits.hops = 0;
    limits.instructions = 4;
    (void)reading_ask(&answer, cordon_graph_ego, engine, &as, &query);
    ck_assert_contains(answer.text, "stopped:'instructions'");
    limits.instructions = 0;
    limits.edges = 200000000;
    ck_assert_contains(refused(CORDON_E_INVALID, cordon_graph_ego),
                       "limits.edges: 200000000 is above the engine's ceiling");
    as.principal = "cheap";
    limits.edges = 4;
    ck_assert_contains(refused(CORDON_E_INVALID, cordon_graph_ego),
                       "is above the ceiling of principal 'cheap'");
}
END_TEST

/* What is in a buffer of any size is whole, and the next page goes on; where not one edge
 * fits, that is told. */
START_TEST(buffers__are_never_overrun)
{
    enum { ENOUGH = 400 };
    char whole[256];

    (void)page();
    snprintf(whole, sizeof whole, "%s", peers("edges", "node"));
    for (size_t size = 0; size < 2 * ENOUGH; size++) {
        unsigned char *room = malloc(size ? size : 1);
        char cursor[CORDON_CURSOR_BYTES + 1] = "", seen[256] = "";
        cordon_status status = CORDON_OK;

        do {
            cordon_builder builder;

            cordon_builder_init(&builder, room, size);
            query.cursor = *cursor ? cursor : NULL;
            status = cordon_graph_neighbourhood(&builder, engine, &as, &query, &err);
            if (status) {
                ck_assert_int_eq(status, CORDON_E_INVALID);
                ck_assert_contains(err.message, "output: the limit is too low");
                ck_assert_uint_eq(builder.length, 0);
                break;
            }
            ck_assert(cordon_builder_ok(&builder));
            memcpy(answer.bytes, room, builder.length);
            answer.builder = builder;
            reading_view(&answer);
            strncat(seen, peers("edges", "node"), sizeof seen - strlen(seen) - 1);
            reading_string(cursor, sizeof cursor, &answer.value, "cursor");
        } while (*cursor);
        ck_assert_msg(!strncmp(seen, whole, strlen(seen)), "%s", seen);
        ck_assert(size < ENOUGH || !status);
        ck_assert(status || !strcmp(seen, whole));
        free(room);
    }
}
END_TEST

START_TEST(buffers__of_a_view_are_never_overrun)
{
    int cut = 0;

    for (size_t size = 0; size < 3000; size += 7) {
        unsigned char *room = malloc(size ? size : 1);
        cordon_builder builder;
        cordon_status status;

        cordon_builder_init(&builder, room, size);
        query.hops = 2;
        status = cordon_graph_ego(&builder, engine, &as, &query, &err);
        if (status) {
            ck_assert_int_eq(status, CORDON_E_INVALID);
            ck_assert_uint_eq(builder.length, 0);
        } else {
            ck_assert(cordon_builder_ok(&builder));
            memcpy(answer.bytes, room, builder.length);
            answer.builder = builder;
            reading_view(&answer);
            cut += strstr(answer.text, "truncated:true,stopped:'output'") != NULL;
        }
        free(room);
    }
    ck_assert_int_gt(cut, 50);
    ck_assert_contains(answer.text, "truncated:false,stopped:nil");
}
END_TEST

/* ---- what is refused ---- */

START_TEST(names__are_suggested)
{
    cordon_condition where = {"amout", ">", {.type = CORDON_INTEGER, .as.integer = 1}};

    query.label = "Acount";
    ck_assert_str_eq(refused(CORDON_E_NOTFOUND, cordon_graph_node),
                     "no label 'Acount' in the graph; did you mean 'Account'?");
    query.label = "Account";
    query.key = "17";
    ck_assert_str_eq(refused(CORDON_E_NOTFOUND, cordon_graph_node),
                     "no node Account:17");
    query.key = "100";
    query.types = (const char *const[]){"transfr"};
    query.type_count = 1;
    ck_assert_str_eq(refused(CORDON_E_INVALID, cordon_graph_ego),
                     "no edge type 'transfr' in the graph; did you mean 'transfer'?");
    query.type_count = 0;
    query.where = &where;
    query.where_count = 1;
    ck_assert_contains(refused(CORDON_E_INVALID, cordon_graph_neighbourhood),
                       "'amout' in the graph; did you mean 'amount'?");
    where.property = "amount";
    where.compare = "=";
    ck_assert_contains(refused(CORDON_E_INVALID, cordon_graph_neighbourhood),
                       "where amount compares by == ~= < <= > or >=, not by '='");
    where.compare = ">";
    where.value = (cordon_value){.type = CORDON_STRING, .as.string = "9", .length = 1};
    ck_assert_contains(refused(CORDON_E_INVALID, cordon_graph_neighbourhood),
                       "'amount' of transfer is a float64: compare it with a number");
    where.value = (cordon_value){.type = CORDON_NIL};
    (void)refused(CORDON_E_INVALID, cordon_graph_neighbourhood);
    where.value = (cordon_value){.type = CORDON_INTEGER, .as.integer = INT64_MAX};
    ck_assert_contains(refused(CORDON_E_INVALID, cordon_graph_neighbourhood), "+-2^53");
    query.where_count = CORDON_MAX_CONDITIONS + 1;
    ck_assert_contains(refused(CORDON_E_INVALID, cordon_graph_neighbourhood),
                       "where: 9 conditions; at most 8");
    query.where_count = 0;
    query.properties = (const char *const[]){"balanse"};
    query.property_count = 1;
    ck_assert_contains(refused(CORDON_E_INVALID, cordon_graph_node),
                       "no property 'balanse' in the graph; did you mean 'balance'?");
    query.property_count = 0;
    query.since_ms = 0;
    query.types = (const char *const[]){"own"};
    query.type_count = 1;
    ck_assert_contains(refused(CORDON_E_INVALID, cordon_graph_neighbourhood),
                       "edges of type own have no time");
    query.type_count = 0;
    query.limit = CORDON_MAX_PAGE + 1;
    (void)refused(CORDON_E_INVALID, cordon_graph_neighbourhood);
    query.limit = 0;
    query.max_nodes = 100001;
    (void)refused(CORDON_E_INVALID, cordon_graph_ego);
    query.max_nodes = 0;
    query.max_edges = 1000001;
    (void)refused(CORDON_E_INVALID, cordon_graph_ego);
}
END_TEST

START_TEST(arguments__are_checked)
{
    cordon_limits limits = {0};
    cordon_builder builder;

    cordon_builder_init(&builder, NULL, 0);
    ck_assert_int_eq(cordon_graph_schema(NULL, engine, &as, NULL), CORDON_E_INVALID);
    ck_assert_int_eq(cordon_graph_schema(&builder, NULL, &as, NULL), CORDON_E_INVALID);
    ck_assert_int_eq(cordon_graph_schema(&builder, engine, NULL, NULL),
                     CORDON_E_INVALID);
    ck_assert_int_eq(cordon_graph_node(&builder, engine, &as, NULL, NULL),
                     CORDON_E_INVALID);
    as.limits = &limits;
    ck_assert_contains(refused(CORDON_E_INVALID, cordon_graph_node), "cordon_limits");
    as.limits = NULL;
    as.priority = CORDON_MAX_PRIORITY + 1;
    ck_assert_contains(refused(CORDON_E_INVALID, cordon_graph_node), "priority");
    as.priority = 1;
    as.principal = "near";
    ck_assert_contains(refused(CORDON_E_DENIED, cordon_graph_node),
                       "priority 1, only 0");
    as.struct_size--;
    ck_assert_contains(refused(CORDON_E_INVALID, cordon_graph_node), "cordon_read");
    as = (cordon_read)CORDON_READ_INIT;
    query.key = NULL;
    (void)refused(CORDON_E_INVALID, cordon_graph_node);
    query.direction = (cordon_direction)3;
    (void)refused(CORDON_E_INVALID, cordon_graph_ego);
    query = (cordon_query)CORDON_QUERY_INIT;
    query.type_count = 1;
    (void)refused(CORDON_E_INVALID, cordon_graph_ego);
    query = (cordon_query)CORDON_QUERY_INIT;
    query.where_count = 1;
    (void)refused(CORDON_E_INVALID, cordon_graph_ego);
    query.struct_size++;
    ck_assert_contains(refused(CORDON_E_INVALID, cordon_graph_node), "cordon_query");
}
END_TEST

START_TEST(snapshot__may_be_missing)
{
    ck_assert(!cordon_engine_set_policy(engine, NULL, NULL));
    ck_assert(!cordon_engine_set_snapshot(engine, NULL, NULL));
    ck_assert_contains(refused(CORDON_E_NOTFOUND, cordon_graph_ego), "has no snapshot");
    ck_assert_contains(refused(CORDON_E_NOTFOUND, schema_of), "has no snapshot");
    as.principal = "full";
    ck_assert_contains(refused(CORDON_E_DENIED, cordon_graph_ego),
                       "the engine has no policy");
}
END_TEST

/* ---- cursors ---- */

START_TEST(cursor__is_of_one_query_and_one_graph)
{
    char cursor[CORDON_CURSOR_BYTES + 1];
    cordon_snapshot *other;
    struct cdn_fixture *f;
    char path[256];

    query.limit = 2;
    (void)page();
    reading_string(cursor, sizeof cursor, &answer.value, "cursor");
    query.cursor = cursor;
    query.limit = 5;
    query.properties = (const char *const[]){"risk"};
    query.property_count = 1;
    (void)page(); /* how much is shown may change */
    query.order = CORDON_ORDER_OLDEST;
    ck_assert_contains(refused(CORDON_E_INVALID, cordon_graph_neighbourhood),
                       "cursor: it is of another query");
    query.order = CORDON_ORDER_NEWEST;
    query.key = "200";
    (void)refused(CORDON_E_INVALID, cordon_graph_neighbourhood);
    query.key = "100";
    as.as_of_ms = INT64_MAX - 1;
    (void)refused(CORDON_E_INVALID, cordon_graph_neighbourhood);
    as.as_of_ms = CORDON_NO_TIME;
    as.principal = "near"; /* who sees less */
    ck_assert_contains(refused(CORDON_E_CONFLICT, cordon_graph_neighbourhood),
                       "begin anew, without a cursor");
    as.principal = NULL;

    ck_assert(!cordon_engine_set_policy(engine, NULL, NULL));
    f = cdn_fixture_new(cdn_fixture_path(path, sizeof path));
    cdn_fixture_label(f, "Account", CDN_KEY_INT64, "risk:int64");
    cdn_fixture_relation(f, "transfer", "Account", "Account", "ts:timestamp!");
    cdn_fixture_node(f, "Account", "100");
    cdn_fixture_edge(f, "transfer", "Account", "100", "Account", "100");
    cdn_fixture_finish(f);
    other = cdn_fixture_open(path);
    cdn_fixture_remove(path);
    ck_assert(!cordon_engine_set_snapshot(engine, other, NULL));
    cordon_snapshot_release(other);
    ck_assert_contains(refused(CORDON_E_CONFLICT, cordon_graph_neighbourhood),
                       "the graph is another");
}
END_TEST

/* Whatever a forged cursor says, what it leads to is a page or an error. */
START_TEST(cursor__may_be_forged)
{
    static const char digits[] = "0123456789abcdefg\n";
    char cursor[CORDON_CURSOR_BYTES + 1];

    query.limit = 2;
    query.cursor = "";
    ck_assert_contains(refused(CORDON_E_INVALID, cordon_graph_neighbourhood),
                       "cursor: '' is none");
    query.cursor = NULL;
    (void)page();
    reading_string(cursor, sizeof cursor, &answer.value, "cursor");
    query.cursor = cursor;
    for (int at = 0; at < CORDON_CURSOR_BYTES; at++) {
        char was = cursor[at];

        for (const char *c = digits; *c; c++) {
            cordon_builder builder;
            cordon_status status;

            cursor[at] = *c;
            cordon_builder_init(&builder, answer.bytes, sizeof answer.bytes);
            status = cordon_graph_neighbourhood(&builder, engine, &as, &query, &err);
            ck_assert(status == CORDON_OK || status == CORDON_E_INVALID ||
                      status == CORDON_E_CONFLICT);
            ck_assert(status != CORDON_OK || *c == was || at >= 32);
        }
        cursor[at] = was;
    }
    cursor[20] = '\0';
    (void)refused(CORDON_E_INVALID, cordon_graph_neighbourhood);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(reads__survive_every_allocation_failure)
{
    static const reading_call calls[] = {schema_of, cordon_graph_node,
                                         cordon_graph_neighbourhood, cordon_graph_ego};
    cordon_condition where = {"amount", ">", {.type = CORDON_INTEGER, .as.integer = 1}};

    as.principal = "full";
    query.where = &where;
    query.where_count = 1;
    CDN_UNIT_FAILALLOC(nth)
    {
        cordon_builder builder;
        cordon_status status;

        cordon_builder_init(&builder, answer.bytes, sizeof answer.bytes);
        status = calls[_i](&builder, engine, &as, &query, &err);
        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("graph");
    TCase *tc = tcase_create("bank");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, node__has_its_properties);
    tcase_add_test(tc, node__says_how_much_room_it_needs);
    tcase_add_test(tc, schema__is_what_is_granted);
    tcase_add_test(tc, schema__has_no_examples_of_masked_keys);
    tcase_add_test(tc, neighbourhood__is_in_order_of_time);
    tcase_add_test(tc, neighbourhood__keeps_to_time_and_conditions);
    tcase_add_loop_test(tc, neighbourhood__pages_are_the_whole, 0, 12);
    tcase_add_test(tc, ego__is_what_lies_around);
    tcase_add_test(tc, grants__are_what_is_seen);
    tcase_add_test(tc, grants__hide_which_nodes_have_a_label);
    tcase_add_test(tc, grants__bound_hops);
    tcase_add_test(tc, masks__stand_before_every_value);
    tcase_add_test(tc, masks__of_keys_hide_them_and_refuse_to_look_up);
    tcase_add_test(tc, masks__are_those_that_rules_are_handed);
    tcase_add_test(tc, limits__end_a_page_and_the_next_goes_on);
    tcase_add_test(tc, limits__are_those_of_rules);
    tcase_add_test(tc, buffers__are_never_overrun);
    tcase_add_test(tc, buffers__of_a_view_are_never_overrun);
    tcase_add_test(tc, names__are_suggested);
    tcase_add_test(tc, arguments__are_checked);
    tcase_add_test(tc, snapshot__may_be_missing);
    tcase_add_test(tc, cursor__is_of_one_query_and_one_graph);
    tcase_add_test(tc, cursor__may_be_forged);
#ifdef CORDON_FAILALLOC
    tcase_add_loop_test(tc, reads__survive_every_allocation_failure, 0, 4);
#endif
    suite_add_tcase(s, tc);
    return s;
}

CDN_UNIT_MAIN(suite)
