/* The ways of telling what came of the tests; cdn_testing_report_end() chooses one. */
#ifndef CDN_CLI_TESTING_REPORT_H
#define CDN_CLI_TESTING_REPORT_H

#include "cli/testing/testing.h"

/* Errors: CORDON_E_NOMEM. */
cordon_status cdn_testing_report_json(const struct cdn_test_report *report);
void cdn_testing_report_tap(const struct cdn_test_report *report);
void cdn_testing_report_junit(const struct cdn_test_report *report);
void cdn_testing_report_github(const struct cdn_test_report *report);

#endif
