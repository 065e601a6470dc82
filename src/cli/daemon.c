/* daemon start, stop, status: the process that runs jobs in the background. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/daemon-finder.h"
#include "core/i18n.h"
#include "core/text.h"
#include "core/units.h"

/* Its jobs get a minute to end in order. */
#define STOP_MS 70000

typedef struct
{
  PgmDaemonOptions options;
  PgmServerChoice server;
  char *port;
  gboolean check;
  char *output;
} DaemonArguments;

static void
daemon_arguments_clear (DaemonArguments *self)
{
  pgm_server_choice_clear (&self->server);
  g_strfreev (self->options.listen);
  g_free (self->options.tls_cert);
  g_free (self->options.tls_key);
  g_free (self->port);
  g_free (self->output);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DaemonArguments, daemon_arguments_clear)

static GOptionContext *
make_context (const char *summary, const GOptionEntry *entries)
{
  GOptionContext *context = g_option_context_new (NULL);

  g_option_context_set_summary (context, summary);
  g_option_context_set_translation_domain (context, PGM_GETTEXT_DOMAIN);
  g_option_context_add_main_entries (context, entries, PGM_GETTEXT_DOMAIN);
  return context;
}

static void
print_line (const char *label, const char *text)
{
  g_autofree char *shown = pgm_display_text (text);

  if (text != NULL)
    g_print ("%-12s%s\n", label, shown);
}

static void
print_info (const PgmDaemonInfo *info)
{
  g_autofree char *uptime =
      pgm_format_duration ((double) (g_get_real_time () - info->started_at) / G_USEC_PER_SEC);

  g_print ("%-12s%" G_GINT64_FORMAT ", pgmanager %s, %s\n", _ ("Process"), info->pid, info->version,
           uptime);
  for (guint i = 0; info->addresses != NULL && info->addresses[i] != NULL; i++)
    print_line (i == 0 ? _ ("Listens on") : "", info->addresses[i]);
  g_print ("%-12s%" G_GINT64_FORMAT "\n", _ ("Jobs"), info->jobs);
  print_line (_ ("State"), info->state_dir);
  print_line (_ ("Log"), info->log_file != NULL ? info->log_file : _ ("standard error"));
  print_line (_ ("Problem"), info->problem);
}

static int
start (const PgmCliHost *host, const DaemonArguments *arguments)
{
  g_autoptr (GError) error = NULL;
  PgmDaemonInfo *info = NULL;

  if (arguments->check)
    {
      if (!host->check_config (&arguments->options, &error))
        return pgm_command_fail (error);
      g_print ("%s\n", _ ("The configuration is in order."));
      return PGM_EXIT_OK;
    }
  if (!host->run_daemon (&arguments->options, &info, &error))
    return pgm_command_fail (error);
  if (info != NULL)
    print_info (info);
  pgm_record_unref (info);
  return PGM_EXIT_OK;
}

/* The daemon works elsewhere. */
static void
make_absolute (char **path)
{
  char *given = *path;

  if (given == NULL)
    return;
  *path = g_canonicalize_filename (given, NULL);
  g_free (given);
}

static gboolean
check_addresses (DaemonArguments *arguments, GError **error)
{
  PgmDaemonOptions *options = &arguments->options;

  make_absolute (&options->tls_cert);
  make_absolute (&options->tls_key);
  if (options->no_tcp && (options->listen != NULL || arguments->port != NULL))
    pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL, _ ("Give one of them."),
                        "--no-tcp and an address exclude each other");
  else if ((options->tls_cert == NULL) != (options->tls_key == NULL))
    pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL,
                        _ ("`pgmanager daemon init-tls` makes both."),
                        "--tls-cert and --tls-key belong together");
  else
    return arguments->port == NULL ||
           pgm_parse_int (arguments->port, "--port", 1, 65535, &options->port, error);
  return FALSE;
}

static int
run_start (PgmCli *cli, int argc, char **argv)
{
  g_auto (DaemonArguments) arguments = { 0 };
  const GOptionEntry entries[] = {
    { "foreground", 0, 0, G_OPTION_ARG_NONE, &arguments.options.foreground,
      N_ ("Stay here and log on standard error"), NULL },
    { "listen", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &arguments.options.listen,
      N_ ("Address beside the unix socket (127.0.0.1); others than loopback need TLS; may be "
          "repeated"),
      "ADDRESS" },
    { "port", 0, 0, G_OPTION_ARG_FILENAME, &arguments.port,
      N_ ("Port of addresses without one (7654)"), "PORT" },
    { "no-tcp", 0, 0, G_OPTION_ARG_NONE, &arguments.options.no_tcp, N_ ("The unix socket only"),
      NULL },
    { "tls-cert", 0, 0, G_OPTION_ARG_FILENAME, &arguments.options.tls_cert,
      N_ ("Certificate, PEM; with --tls-key, TLS is spoken at all addresses"), "FILE" },
    { "tls-key", 0, 0, G_OPTION_ARG_FILENAME, &arguments.options.tls_key,
      N_ ("Its key, PEM, for our eyes only"), "FILE" },
    { "check-config", 0, 0, G_OPTION_ARG_NONE, &arguments.check,
      N_ ("Only tell whether configuration and options can be used"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = make_context (
      _ ("Starts the daemon: it runs the jobs that commands give it, and goes on with them when\n"
         "it was stopped or killed. Returns when it is ready."),
      entries);
  g_autoptr (GError) error = NULL;
  gboolean help;

  if (!pgm_command_parse (context, &argc, &argv, &help, &error))
    return pgm_command_fail (error);
  if (help)
    return PGM_EXIT_OK;
  if (!check_addresses (&arguments, &error))
    return pgm_command_fail (error);
  return start (cli->host, &arguments);
}

static int
fail_none (void)
{
  g_autoptr (GError) error = NULL;

  pgm_error_set_full (&error, PGM_ERROR_NOT_FOUND, NULL, NULL,
                      _ ("`pgmanager daemon start` starts one."), "no daemon is running");
  return pgm_command_fail (error);
}

/* A process that was told by its number could be another one by now; one that is held by
 * a descriptor can't. */
static gboolean
end_process (pid_t pid, GError **error)
{
  int fd = (int) syscall (SYS_pidfd_open, pid, 0);
  struct pollfd process = { .fd = fd, .events = POLLIN };
  gboolean ended;

  if (fd < 0 || syscall (SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0) != 0)
    {
      gboolean gone = errno == ESRCH;

      if (!gone)
        pgm_error_set (error, PGM_ERROR_FAILED, "process %ld can't be told to end: %s", (long) pid,
                       g_strerror (errno));
      if (fd >= 0)
        close (fd);
      return gone;
    }
  ended = poll (&process, 1, STOP_MS) > 0;
  close (fd);
  if (!ended)
    pgm_error_set_full (error, PGM_ERROR_FAILED, NULL, NULL, _ ("Look into its log."),
                        "the daemon, process %ld, has not ended after %d seconds", (long) pid,
                        STOP_MS / 1000);
  return ended;
}

static int
run_stop (PgmCli *cli, int argc, char **argv)
{
  const GOptionEntry entries[] = { G_OPTION_ENTRY_NULL };
  g_autoptr (GOptionContext) context = make_context (
      _ ("Stops the daemon in order and waits for its end. Its jobs stop, too, and go on by\n"
         "themselves when it is started again."),
      entries);
  g_autoptr (PgmFoundDaemon) found = NULL;
  g_autoptr (GError) error = NULL;
  gboolean help;

  if (!pgm_command_parse (context, &argc, &argv, &help, &error))
    return pgm_command_fail (error);
  if (help)
    return PGM_EXIT_OK;
  found = pgm_daemon_find (cli);
  if (found == NULL)
    return fail_none ();
  if (!end_process ((pid_t) found->info->pid, &error))
    return pgm_command_fail (error);
  g_print (_ ("The daemon has ended; %" G_GINT64_FORMAT " jobs go on at its next start."),
           found->info->jobs);
  g_print ("\n");
  return PGM_EXIT_OK;
}

static int
run_status (PgmCli *cli, int argc, char **argv)
{
  g_auto (DaemonArguments) arguments = { 0 };
  const GOptionEntry entries[] = {
    { "output", 0, 0, G_OPTION_ARG_FILENAME, &arguments.output, N_ ("Form of the result"),
      "table|json" },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = make_context (
      _ ("Shows whether the daemon runs: process, version, addresses, jobs."), entries);
  g_autoptr (PgmFoundDaemon) found = NULL;
  g_autoptr (GError) error = NULL;
  PgmOutput output;
  gboolean help;

  pgm_server_choice_add (context, &arguments.server);
  if (!pgm_command_parse (context, &argc, &argv, &help, &error))
    return pgm_command_fail (error);
  if (help)
    return PGM_EXIT_OK;
  if (!pgm_command_parse_output (arguments.output, &output, &error))
    return pgm_command_fail (error);
  if (!pgm_daemon_choose (cli, &arguments.server, &found, &error))
    return pgm_command_fail (error);
  if (found == NULL)
    return fail_none ();
  if (output == PGM_OUTPUT_JSON)
    {
      g_autofree char *json = pgm_record_to_json (found->info, FALSE);

      g_print ("{\"daemon\":%s}\n", json);
    }
  else
    print_info (found->info);
  return PGM_EXIT_OK;
}

static int
make_certificate (const PgmCliHost *host, DaemonArguments *arguments, const char *const *names)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *certificate = NULL;
  g_autofree char *key = NULL;
  g_autofree char *fingerprint = NULL;

  make_absolute (&arguments->options.tls_cert);
  make_absolute (&arguments->options.tls_key);
  fingerprint = host->make_certificate (&arguments->options, names, &certificate, &key, &error);

  if (fingerprint == NULL)
    return pgm_command_fail (error);
  print_line (_ ("Certificate"), certificate);
  print_line (_ ("Key"), key);
  g_print ("SHA-256     %s\n\n", fingerprint);
  g_print (_ ("For the daemon, in the configuration's group [server] or as --tls-cert and "
              "--tls-key:"));
  g_print ("\n  tls_certificate = %s\n  tls_key = %s\n", certificate, key);
  return PGM_EXIT_OK;
}

static int
run_init_tls (PgmCli *cli, int argc, char **argv)
{
  g_auto (DaemonArguments) arguments = { 0 };
  g_auto (GStrv) names = NULL;
  const GOptionEntry entries[] = {
    { "tls-cert", 0, 0, G_OPTION_ARG_FILENAME, &arguments.options.tls_cert,
      N_ ("Where the certificate goes (server.crt beside pgmanager.conf)"), "FILE" },
    { "tls-key", 0, 0, G_OPTION_ARG_FILENAME, &arguments.options.tls_key,
      N_ ("Where the key goes (server.key beside pgmanager.conf)"), "FILE" },
    { "name", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &names,
      N_ ("A name or address of this machine that clients use, beside its own; may be repeated"),
      "NAME" },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = make_context (
      _ ("Makes a key and a certificate that signs itself, and tells its fingerprint: clients\n"
         "know the daemon by that. Files that are there stay as they are."),
      entries);
  g_autoptr (GError) error = NULL;
  gboolean help;

  if (!pgm_command_parse (context, &argc, &argv, &help, &error))
    return pgm_command_fail (error);
  return help ? PGM_EXIT_OK : make_certificate (cli->host, &arguments, (const char *const *) names);
}

static const PgmCommand actions[] = {
  { "start", N_ ("Start it in the background"), run_start },
  { "stop", N_ ("Stop it; its jobs go on at the next start"), run_stop },
  { "status", N_ ("Show whether it runs, and where it listens"), run_status },
  { "init-tls", N_ ("Make a certificate for addresses beyond this machine"), run_init_tls },
};

static void
print_help (void)
{
  g_print ("%s\n  pgmanager daemon %s\n\n", _ ("Usage:"), _ ("ACTION [OPTION…]"));
  g_print ("%s\n\n%s\n",
           _ ("Runs jobs in the background, for all commands and faces of this user."),
           _ ("Actions:"));
  for (gsize i = 0; i < G_N_ELEMENTS (actions); i++)
    g_print ("  %-10s %s\n", actions[i].name, _ (actions[i].summary));
  g_print ("\n%s\n", _ ("`pgmanager daemon ACTION --help` explains one."));
}

int
pgm_command_daemon (PgmCli *cli, int argc, char **argv)
{
  const char *name = argc > 1 ? argv[1] : "--help";

  if (g_str_equal (name, "--help") || g_str_equal (name, "-h"))
    {
      print_help ();
      return argc > 1 ? PGM_EXIT_OK : PGM_EXIT_USAGE;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (actions); i++)
    if (g_str_equal (name, actions[i].name))
      {
        g_autofree char *full = g_strdup_printf ("pgmanager daemon %s", name);

        g_set_prgname (full);
        return actions[i].run (cli, argc - 1, argv + 1);
      }
  g_printerr ("pgmanager: %s: ", _ ("unknown action of the daemon"));
  pgm_command_print_error ("", name);
  g_printerr ("  %s\n", _ ("Hint: pgmanager daemon --help lists them."));
  return PGM_EXIT_USAGE;
}
