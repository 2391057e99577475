/* cordon rule quarantine and trust: what an operator puts between a rule and the host, and takes
 * away again.
 *
 * A breaker moves a version behind a stronger wall by itself; that it comes back is an
 * operator's act, and has a reason in history. */
#include "cli/cli.h"

#include <inttypes.h>
#include <string.h>

#include "cli/registry.h"
#include "cli/tier.h"

typedef cordon_status trust_function(cordon_registry *registry, const char *name,
                                     uint32_t version, cordon_wall wall,
                                     const cordon_change *change, cordon_error *err);

static int run_trusting(struct cdn_cli *cli, int argc, char **argv, trust_function *act,
                        const char *done)
{
    struct cdn_registry_args args = {0};
    int choice = 0;
    const struct cdn_option options[] = {
        CDN_REGISTRY_OPTIONS(args),
        {"wall", 0, CDN_OPTION_CHOICE, &choice, "WALL",
         "the weakest it may run behind: " CDN_TIER_CHOICES, CDN_TIER_CHOICES},
        CDN_CHANGE_OPTIONS(args),
    };
    char of[40] = "every version is";
    cordon_wall wall;
    cordon_error err;
    cordon_status status;
    int code;

    if (!cdn_registry_start(cli, &args, options, CDN_COUNT(options),
                            CDN_NAMES_WITH_VERSION, 0, argc, argv, &code))
        return code;
    wall = choice ? (cordon_wall)(choice - 1) : CORDON_WALL_INPROC;
    status = act(args.registry, args.name, args.versions[0], wall, &args.change, &err);
    if (args.versions[0])
        (void)snprintf(of, sizeof(of), "version %" PRIu32 " is", args.versions[0]);
    if (status)
        code = cdn_registry_fail(cli, status, &err);
    else
        code = cdn_registry_changed(cli, &args, "%s %s%s%s", of, done,
                                    wall ? ", behind no less than " : "",
                                    wall ? cordon_wall_str(wall) : "");
    cdn_registry_end(&args);
    return code;
}

static int run_quarantine(struct cdn_cli *cli, int argc, char **argv)
{
    return run_trusting(cli, argc, argv, cordon_registry_quarantine, "quarantined");
}

static int run_trust(struct cdn_cli *cli, int argc, char **argv)
{
    return run_trusting(cli, argc, argv, cordon_registry_trust, "trusted");
}

const struct cdn_command cdn_command_rule_quarantine = {
    .name = "rule quarantine",
    .summary = "have a rule run behind the wall for what is not trusted",
    .run = run_quarantine,
    .usage = "NAME [VERSION] --data STORE [OPTION...]",
    .examples =
        "cordon rule quarantine velocity -d store --reason 'crashes its worker'\n"
        "cordon rule quarantine velocity 3 -d store --wall microvm",
    .details = "It goes on deciding, behind the wall that the policy has for "
               "quarantined rules "
               "(walls.quarantined; without one: process), and behind none weaker than "
               "--wall. "
               "Without a version: every version, those to come as well. It only adds "
               "to what is "
               "between the rule and the host: cordon rule trust takes it away. A "
               "running engine "
               "sees the change within a second.",
    .exits = "023",
};

const struct cdn_command cdn_command_rule_trust = {
    .name = "rule trust",
    .summary = "trust a rule again that was quarantined, or that a breaker moved",
    .run = run_trust,
    .usage = "NAME [VERSION] --reason TEXT --data STORE [OPTION...]",
    .examples =
        "cordon rule trust velocity -d store --reason 'the fault was LuaJIT, fixed'\n"
        "cordon rule trust velocity 3 -d store --wall process --reason 'on probation'",
    .details =
        "What the breaker or a quarantine said of the version is forgotten; without a "
        "version: of all of them. From then on policy and engine alone say what it "
        "runs "
        "behind, and --wall, if given, the least. What is paused stays paused: cordon "
        "rule resume.",
    .exits = "023",
};
