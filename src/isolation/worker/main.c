/* cordon-worker: rules behind a wall. */
#include "isolation/worker/start.h"

static cordon_status serve(struct cdn_service *service, struct cdn_channel *channel,
                           uint32_t locks, cordon_error *err)
{
    (void)channel; /* the service has it */
    return cdn_service_run(service, locks, err);
}

int main(int argc, char **argv)
{
    return cdn_worker_start(argc, argv, serve);
}
