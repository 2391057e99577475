#include "support/unit.h"

#include <cordon/version.h>

START_TEST(version__is_one_number_in_all_its_forms)
{
    char text[32];

    snprintf(text, sizeof text, "%d.%d.%d", CORDON_VERSION_MAJOR, CORDON_VERSION_MINOR,
             CORDON_VERSION_PATCH);
    ck_assert_str_eq(CORDON_VERSION, text);
    ck_assert_str_eq(cordon_version(), text);
    ck_assert_uint_eq(cordon_version_num(), CORDON_VERSION_NUM);
    ck_assert_str_eq(text, CORDON_TEST_PROJECT_VERSION);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("version");

    CDN_UNIT_CASE(s, version__is_one_number_in_all_its_forms);
    return s;
}

CDN_UNIT_MAIN(suite)
