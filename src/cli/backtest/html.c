#include "cli/backtest/report.h"
void cdn_backtest_html(struct cdn_buf *out, const struct cdn_backtest *test)
{
    (void)test;
    cdn_buf_text(out, "");
}
