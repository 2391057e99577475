/* What is running, as against what was compiled against. */
#include <cordon/version.h>

const char *cordon_version(void)
{
    return CORDON_VERSION;
}

unsigned cordon_version_num(void)
{
    return CORDON_VERSION_NUM;
}
