/* The graph query server with one more route, which answers a constant: what a reply costs that
 * nobody had to think about.
 *
 *   bench_serve --data STORE --constant FILE [--port N] [--socket PATH] [--threads N]
 *
 * POST /constant reads a body as every route does and answers with the bytes of FILE, through the
 * same listener, threads and exchange as POST /v1/evaluate/{rule}; what is left out is reading the
 * body as JSON, evaluating, and writing the answer.  It stops at SIGTERM. */
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/exchange.h"
#include "server/route.h"
#include "server/server.h"

static char document[1 << 16];
static size_t document_bytes;
static struct cdn_server *server;

static void answer_constant(struct cdn_exchange *x)
{
    cdn_exchange_text(x, 200, "application/json", document, document_bytes);
}

static const struct cdn_route routes[] = {
    {.method = CDN_METHOD_POST,
     .path = "/constant",
     .right = CDN_RIGHT_ANYBODY,
     .place = CDN_PLACE_LOOP,
     .handle = answer_constant,
     .operation = "constant",
     .summary = "The same to everybody"},
    {.path = NULL},
};

static void on_signal(int number)
{
    (void)number;
    cdn_server_stop(server);
}

static void read_document(const char *path)
{
    FILE *file = fopen(path, "rb");

    if (file)
        document_bytes = fread(document, 1, sizeof document, file);
    if (!file || !document_bytes || document_bytes == sizeof document) {
        fprintf(stderr, "bench_serve: %s cannot be read, or has 64 KiB or more\n",
                path);
        exit(3);
    }
    fclose(file);
}

int main(int argc, char **argv)
{
    static const struct option OPTIONS[] = {{"data", required_argument, NULL, 'd'},
                                            {"constant", required_argument, NULL, 'c'},
                                            {"port", required_argument, NULL, 'p'},
                                            {"socket", required_argument, NULL, 's'},
                                            {"threads", required_argument, NULL, 't'},
                                            {NULL, 0, NULL, 0}};
    struct cdn_server_options options = {.routes = routes};
    struct sigaction action = {.sa_handler = on_signal};
    cordon_error err = {0};
    int option;

    while ((option = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1) {
        if (option == 'd')
            options.data = optarg;
        else if (option == 'c')
            read_document(optarg);
        else if (option == 'p')
            options.port = (uint16_t)strtoul(optarg, NULL, 10);
        else if (option == 's')
            options.socket = optarg;
        else if (option == 't')
            options.threads = (unsigned)strtoul(optarg, NULL, 10);
        else
            return 2;
    }
    if (optind != argc || !options.data || !document_bytes) {
        fputs("usage: bench_serve --data STORE --constant FILE [--port N] "
              "[--socket PATH] [--threads N]\n",
              stderr);
        return 2;
    }
    if (cdn_server_open(&server, &options, &err)) {
        fprintf(stderr, "bench_serve: %s\n", err.message);
        return 3;
    }
    sigaction(SIGTERM, &action, NULL);
    printf("{\"port\": %" PRIu16 "}\n", cdn_server_port(server));
    fflush(stdout);
    cdn_server_run(server);
    if (cdn_server_close(server, &err)) {
        fprintf(stderr, "bench_serve: %s\n", err.message);
        return 3;
    }
    return 0;
}
