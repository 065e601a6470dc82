/* pgmanager: the command line. */
#include "cli/cli.h"
#include "main/host.h"

int
main (int argc, char **argv)
{
  const PgmCliHost host = {
    .make_engine = pgm_host_make_engine,
    .describe_libraries = pgm_host_describe_libraries,
  };

  pgm_host_init ("pgmanager");
  return pgm_cli_main (argc, argv, &host);
}
