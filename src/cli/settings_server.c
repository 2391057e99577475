/* From settings to a server's options. */
#include "cli/settings.h"

#include <string.h>

#include "server/server.h"

static unsigned to_unsigned(uint64_t number)
{
    return number > UINT32_MAX ? UINT32_MAX : (unsigned)number;
}

void cdn_settings_server(struct cdn_server_options *out, cordon_audit_options *audit,
                         const struct cdn_settings *settings)
{
#define TEXT(name)   cdn_setting_get(settings, CDN_SETTING_##name)
#define NUMBER(name) cdn_setting_number(settings, CDN_SETTING_##name)
    cdn_settings_audit(audit, settings);
    *out = (struct cdn_server_options){
        .data = TEXT(server_data),
        .registry = TEXT(server_registry),
        .policy = settings->policy_file,
        .audit = TEXT(audit_dir),
        .audit_options = audit,
        .proposals = TEXT(proposals_file),
        .engine = settings->engine,
        .address = TEXT(server_address),
        .port = (uint16_t)NUMBER(server_port),
        .no_tcp = !strcmp(TEXT(server_address), "none"),
        .socket = TEXT(server_socket),
        .socket_mode = to_unsigned(NUMBER(server_socket_mode)),
        .certificate = TEXT(tls_certificate),
        .key = TEXT(tls_key),
        .client_ca = TEXT(tls_client_ca),
        .entries = settings->entries,
        .entry_count = settings->entry_count,
        .metrics_open = NUMBER(server_open_metrics) != 0,
        .threads = to_unsigned(NUMBER(server_threads)),
        .workers = to_unsigned(NUMBER(server_workers)),
        .queue = to_unsigned(NUMBER(server_queue)),
        .connections = to_unsigned(NUMBER(server_max_connections)),
        .connections_per_address =
            to_unsigned(NUMBER(server_max_connections_per_address)),
        /* libmicrohttpd counts seconds */
        .idle_seconds = to_unsigned((NUMBER(server_idle_timeout_ms) + 999) / 1000),
        .header_ms = to_unsigned(NUMBER(server_header_timeout_ms)),
        .request_ms = to_unsigned(NUMBER(server_request_timeout_ms)),
        .header_bytes = NUMBER(server_max_header_bytes),
        .body_bytes = NUMBER(server_max_body_bytes),
        .batch_bytes = NUMBER(server_max_batch_bytes),
        .log = {.form = (enum cdn_log_form)(NUMBER(log_format) - 1),
                .level = (cordon_level)(NUMBER(log_level) - 1),
                .access = NUMBER(log_access) != 0},
        .trace = {.endpoint = TEXT(trace_endpoint),
                  .service = TEXT(trace_service),
                  .ca_file = TEXT(trace_ca_file)},
        .trace_sample = to_unsigned(NUMBER(trace_sample)),
        .trace_none = NUMBER(trace_sample) == 0,
        .drain_delay_ms = to_unsigned(NUMBER(server_drain_delay_ms)),
        .drain_ms = to_unsigned(NUMBER(server_drain_timeout_ms)),
    };
#undef NUMBER
#undef TEXT
    /* the server knows how many threads it has; a host of the engine's default does not */
    if (settings->origins[CDN_SETTING_engine_slots] == CDN_ORIGIN_DEFAULT)
        out->engine.slots = 0;
}
