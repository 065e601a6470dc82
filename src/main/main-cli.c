/* pgmanager: the command line. */
#include "cli/cli.h"
#include "engine/identity.h"
#include "main/daemon.h"
#include "main/dashboard.h"
#include "main/host.h"

int
main (int argc, char **argv)
{
  const PgmCliHost host = {
    .make_engine = pgm_host_make_engine,
    .serve = pgm_host_serve,
    .unserve = pgm_host_unserve,
    .find_engines = pgm_host_find_engines,
    .connect_engine = pgm_host_connect_engine,
    .run_daemon = pgm_daemon_run,
    .make_certificate = pgm_daemon_make_certificate,
    .check_config = pgm_daemon_check,
    .complete_endpoint = pgm_endpoint_complete,
    .is_same_database = pgm_endpoint_is_same,
    .describe_libraries = pgm_host_describe_libraries,
    .run_dashboard = pgm_host_run_dashboard,
  };

  pgm_host_init ("pgmanager");
  return pgm_cli_main (argc, argv, &host);
}
