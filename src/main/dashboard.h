/* The terminal dashboard, in a program that was built with one. */
#pragma once

#include "cli/cli.h"

G_BEGIN_DECLS

/* As PgmCliHost.run_dashboard. */
gboolean pgm_host_run_dashboard (const PgmDashboardOptions *options,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
