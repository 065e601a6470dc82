#include "main/daemon.h"

#include <glib-unix.h>
#include <signal.h>
#include <unistd.h>

#include "config.h"
#include "engine/local-engine.h"
#include "main/background.h"
#include "main/daemon-log.h"
#include "main/notify.h"
#include "server/server.h"
#include "server/tls-files.h"
#include "store/lock.h"
#include "store/paths.h"
#include "store/store.h"

#define LOG_FILE  "daemon.log"
#define LOCK_FILE "daemon.lock"
#define SOCKET_ID "daemon"
/* Jobs need a moment to end in order; what doesn't is resumed like after a crash. */
#define REST_SECONDS 60
/* How soon a full disk is told of. */
#define STORE_SECONDS 5

typedef struct
{
  const PgmDaemonOptions *options;
  PgmNotify *notify;
  PgmDaemonLog *log;
  PgmLock *lock;
  PgmStore *store;
  PgmLocalEngine *engine;
  PgmServer *server;
  PgmDaemonInfo *info;
  GMainLoop *loop;
  char *problem; /* of the store, as it was told last */
  gboolean ending;
} Daemon;

static void
daemon_clear (Daemon *self)
{
  g_clear_pointer (&self->server, pgm_server_free);
  g_clear_pointer (&self->log, pgm_daemon_log_free);
  g_clear_object (&self->engine);
  g_clear_object (&self->store);
  g_clear_pointer (&self->lock, pgm_lock_release);
  g_clear_pointer (&self->notify, pgm_notify_free);
  g_clear_pointer (&self->info, pgm_record_unref);
  g_clear_pointer (&self->loop, g_main_loop_unref);
  g_free (self->problem);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Daemon, daemon_clear)

static gboolean
open_log (Daemon *self, const PgmConfig *config, GError **error)
{
  g_autofree char *path = g_build_filename (config->state_dir, LOG_FILE, NULL);

  self->log = pgm_daemon_log_new (self->options->foreground ? NULL : path, error);
  if (self->log == NULL)
    return FALSE;
  self->info->log_file = self->options->foreground ? NULL : g_steal_pointer (&path);
  return TRUE;
}

/* One daemon a state directory. */
static gboolean
take_lock (Daemon *self, const PgmConfig *config, GError **error)
{
  g_autofree char *path = g_build_filename (config->state_dir, LOCK_FILE, NULL);
  g_autoptr (GError) reason = NULL;

  if (!pgm_paths_make_private (config->state_dir, error))
    return FALSE;
  self->lock = pgm_lock_acquire (path, "the daemon's work", &reason);
  if (self->lock != NULL)
    return TRUE;
  if (g_error_matches (reason, PGM_ERROR, PGM_ERROR_REFUSED))
    pgm_error_set_hint (reason,
                        "`pgmanager daemon status` shows it, `pgmanager daemon stop` ends it.");
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

static void
open_engine (Daemon *self, PgmConfig *config)
{
  g_autofree char *warning = NULL;

  self->store = pgm_store_new (config, &warning);
  if (warning != NULL)
    pgm_daemon_log_line (self->log, PGM_LOG_WARNING, "daemon", "%s", warning);
  self->engine = PGM_LOCAL_ENGINE (pgm_local_engine_new (self->store));
  pgm_daemon_log_follow (self->log, PGM_ENGINE (self->engine));
}

/* The command line wins over the files. */
static PgmConfig *
load_config (const PgmDaemonOptions *options, GError **error)
{
  PgmConfig *config = pgm_config_load (error);
  PgmServerConfig *server = config != NULL ? config->server : NULL;

  if (server == NULL)
    return NULL;
  if (options->listen != NULL || options->no_tcp)
    {
      g_strfreev (server->listen);
      server->listen = options->no_tcp ? g_new0 (char *, 1) : g_strdupv (options->listen);
    }
  if (options->port > 0)
    server->port = options->port;
  if (options->tls_cert != NULL)
    {
      g_free (server->tls_certificate);
      server->tls_certificate = g_strdup (options->tls_cert);
    }
  if (options->tls_key != NULL)
    {
      g_free (server->tls_key);
      server->tls_key = g_strdup (options->tls_key);
    }
  return config;
}

/* Beside api.sock, when a command that runs its own job has that one. */
static PgmServer *
open_server (Daemon *self, const PgmConfig *config, gboolean tcp, GError **error)
{
  g_autofree char *directory = pgm_paths_runtime_directory ();
  g_autofree char *token_file = pgm_config_get_token_file (config);
  g_auto (GStrv) addresses = tcp ? pgm_config_list_addresses (config) : NULL;
  const PgmServerOptions options = {
    .directory = directory,
    .job_id = SOCKET_ID,
    .listen = (const char *const *) addresses,
    .token_file = token_file,
    .tls_certificate = config->server->tls_certificate,
    .tls_key = config->server->tls_key,
    .allowed_hosts = (const char *const *) config->server->allowed_hosts,
    .max_connections = (guint) config->server->max_connections,
    .max_websockets = (guint) config->server->max_websockets,
    .share_files = config->server->share_files,
  };

  if (!pgm_paths_make_private (directory, error))
    return NULL;
  return pgm_server_new (PGM_ENGINE (self->engine), &options, error);
}

/* The port that nobody asked for may be that of another user's daemon. */
static gboolean
is_optional (const PgmConfig *config, const GError *reason)
{
  return config->server->listen == NULL && config->server->port == 0 &&
         g_error_matches (reason, PGM_ERROR, PGM_ERROR_FAILED);
}

static gboolean
serve (Daemon *self, const PgmConfig *config, GError **error)
{
  g_autofree char *socket = NULL;
  g_autoptr (GStrvBuilder) addresses = g_strv_builder_new ();
  g_autoptr (GError) reason = NULL;

  self->server = open_server (self, config, TRUE, &reason);
  if (self->server == NULL && is_optional (config, reason))
    {
      pgm_daemon_log_line (self->log, PGM_LOG_WARNING, "daemon",
                           "only the unix socket is served: %s", reason->message);
      g_clear_error (&reason);
      self->server = open_server (self, config, FALSE, &reason);
    }
  if (self->server == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&reason));
      return FALSE;
    }
  socket = g_strconcat ("unix:", pgm_server_get_path (self->server), NULL);
  g_strv_builder_add (addresses, socket);
  for (const char *const *url = pgm_server_get_urls (self->server); *url != NULL; url++)
    g_strv_builder_add (addresses, *url);
  self->info->addresses = g_strv_builder_end (addresses);
  return TRUE;
}

static gboolean
set_up (Daemon *self, GError **error)
{
  PgmConfig *config = load_config (self->options, error);
  gboolean done;

  if (config == NULL)
    return FALSE;
  self->info = pgm_record_new (&pgm_daemon_info_type);
  self->info->pid = getpid ();
  self->info->version = g_strdup (PGM_VERSION);
  self->info->started_at = g_get_real_time ();
  self->info->state_dir = g_strdup (config->state_dir);
  done = take_lock (self, config, error) && open_log (self, config, error);
  if (done)
    {
      open_engine (self, config);
      done = serve (self, config, error);
    }
  pgm_record_unref (config);
  if (done)
    pgm_local_engine_become_daemon (self->engine, self->info);
  return done;
}

static void
on_restarted (const char *job_id, const GError *error, gpointer user_data)
{
  Daemon *self = user_data;

  if (error == NULL)
    pgm_daemon_log_line (self->log, PGM_LOG_INFO, job_id, "goes on");
  else
    {
      g_autofree char *text = pgm_error_to_text (error);

      pgm_daemon_log_line (self->log, PGM_LOG_ERROR, job_id, "can't go on: %s", text);
    }
}

static gboolean
on_begin (gpointer user_data)
{
  Daemon *self = user_data;
  g_autoptr (GError) error = NULL;

  if (!pgm_local_engine_restart_jobs (self->engine, on_restarted, self, &error))
    pgm_daemon_log_line (self->log, PGM_LOG_ERROR, "daemon", "what ran before can't be known: %s",
                         error->message);
  return G_SOURCE_REMOVE;
}

static gboolean
on_sign_of_life (gpointer user_data)
{
  pgm_notify_send (((Daemon *) user_data)->notify, "WATCHDOG=1");
  return G_SOURCE_CONTINUE;
}

/* Jobs go on without the state file; somebody should know all the same. */
static gboolean
on_watch_store (gpointer user_data)
{
  Daemon *self = user_data;
  g_autofree char *problem = pgm_store_dup_problem (self->store);

  if (g_strcmp0 (problem, self->problem) == 0)
    return G_SOURCE_CONTINUE;
  if (problem != NULL)
    pgm_daemon_log_line (self->log, PGM_LOG_ERROR, "daemon",
                         "jobs go on, but what becomes of them can't be written down: %s", problem);
  else
    pgm_daemon_log_line (self->log, PGM_LOG_INFO, "daemon", "the state file is written again");
  pgm_notify_send (self->notify, problem != NULL ? "STATUS=The state file can't be written"
                                                 : "STATUS=All is well");
  g_free (self->problem);
  self->problem = g_steal_pointer (&problem);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_reload (gpointer user_data)
{
  Daemon *self = user_data;
  g_autoptr (GError) error = NULL;
  PgmConfig *config = load_config (self->options, &error);

  pgm_daemon_log_reopen (self->log);
  if (config == NULL)
    pgm_daemon_log_line (self->log, PGM_LOG_ERROR, "daemon",
                         "the configuration stays as it was: %s", error->message);
  else
    {
      pgm_store_set_config (self->store, config);
      pgm_daemon_log_line (self->log, PGM_LOG_INFO, "daemon",
                           "configuration read again; what it says of addresses and the state"
                           " directory waits for a restart");
    }
  pgm_record_unref (config);
  return G_SOURCE_CONTINUE;
}

static void
end_when_at_rest (Daemon *self)
{
  if (self->ending && pgm_local_engine_count_running (self->engine) == 0)
    g_main_loop_quit (self->loop);
}

static void
on_finished (PgmEngine *engine, const char *job_id, PgmReport *report, Daemon *self)
{
  end_when_at_rest (self);
}

/* Resumed like after a crash. */
static gboolean
on_no_rest (gpointer user_data)
{
  Daemon *self = user_data;

  pgm_daemon_log_line (self->log, PGM_LOG_ERROR, "daemon",
                       "jobs did not end within %d seconds; they are left", REST_SECONDS);
  pgm_store_flush (self->store);
  _exit (PGM_EXIT_FAILED);
}

static gboolean
on_end (gpointer user_data)
{
  Daemon *self = user_data;
  guint running = pgm_local_engine_count_running (self->engine);

  if (self->ending)
    return G_SOURCE_CONTINUE;
  self->ending = TRUE;
  pgm_notify_send (self->notify, "STOPPING=1");
  pgm_daemon_log_line (self->log, PGM_LOG_INFO, "daemon", "ends; %u jobs go on at the next start",
                       running);
  g_timeout_add_seconds (REST_SECONDS, on_no_rest, self);
  pgm_local_engine_rest (self->engine);
  end_when_at_rest (self);
  return G_SOURCE_CONTINUE;
}

static void
tell_ready (Daemon *self, int fd)
{
  g_autofree char *addresses = g_strjoinv (", ", self->info->addresses);
  guint interval = pgm_notify_get_interval (self->notify);

  pgm_daemon_log_line (self->log, PGM_LOG_INFO, "daemon",
                       "pgmanager %s, process %" G_GINT64_FORMAT ", listens on %s",
                       self->info->version, self->info->pid, addresses);
  pgm_background_ready (fd, self->info);
  pgm_notify_send (self->notify, "READY=1");
  if (interval > 0)
    g_timeout_add (interval, on_sign_of_life, self);
}

static void
run (Daemon *self, int fd)
{
  self->loop = g_main_loop_new (NULL, FALSE);
  g_unix_signal_add (SIGTERM, on_end, self);
  g_unix_signal_add (SIGINT, on_end, self);
  g_unix_signal_add (SIGHUP, on_reload, self);
  g_signal_connect (self->engine, "finished", G_CALLBACK (on_finished), self);
  tell_ready (self, fd);
  g_timeout_add_seconds (STORE_SECONDS, on_watch_store, self);
  g_idle_add (on_begin, self);
  g_main_loop_run (self->loop);
  pgm_daemon_log_line (self->log, PGM_LOG_INFO, "daemon", "has ended");
  g_signal_handlers_disconnect_by_data (self->engine, self);
}

static gboolean
live (const PgmDaemonOptions *options, int fd, GError **error)
{
  g_auto (Daemon) self = { .options = options, .notify = pgm_notify_new () };

  /* A limit on the size of files is to be like a full disk. */
  signal (SIGXFSZ, SIG_IGN);
  if (!set_up (&self, error))
    return FALSE;
  run (&self, fd);
  return TRUE;
}

gboolean
pgm_daemon_run (const PgmDaemonOptions *options, PgmDaemonInfo **info, GError **error)
{
  g_autoptr (GError) reason = NULL;
  int fd;

  *info = NULL;
  if (options->foreground)
    return live (options, -1, error);
  fd = pgm_background_enter (info, error);
  if (fd < 0)
    return *info != NULL;
  if (!live (options, fd, &reason))
    pgm_background_fail (fd, reason);
  _exit (reason == NULL ? PGM_EXIT_OK : (int) pgm_error_to_exit (reason));
}

gboolean
pgm_daemon_check (const PgmDaemonOptions *options, GError **error)
{
  PgmConfig *config = load_config (options, error);
  g_auto (GStrv) addresses = NULL;
  g_autofree char *token_file = NULL;
  gboolean done;

  if (config == NULL)
    return FALSE;
  addresses = pgm_config_list_addresses (config);
  token_file = pgm_config_get_token_file (config);
  done = pgm_server_check (
      &(PgmServerOptions){ .listen = (const char *const *) addresses,
                           .token_file = token_file,
                           .tls_certificate = config->server->tls_certificate,
                           .tls_key = config->server->tls_key,
                           .allowed_hosts = (const char *const *) config->server->allowed_hosts },
      error);
  pgm_record_unref (config);
  return done;
}

char *
pgm_daemon_make_certificate (const PgmDaemonOptions *options,
                             const char *const *names,
                             char **certificate,
                             char **key,
                             GError **error)
{
  g_autofree char *directory = pgm_paths_config_directory ();

  *certificate = options->tls_cert != NULL ? g_strdup (options->tls_cert)
                                           : g_build_filename (directory, "server.crt", NULL);
  *key = options->tls_key != NULL ? g_strdup (options->tls_key)
                                  : g_build_filename (directory, "server.key", NULL);
  if ((options->tls_cert == NULL || options->tls_key == NULL) &&
      !pgm_paths_make_private (directory, error))
    return NULL;
  return pgm_tls_files_create (*certificate, *key, names, error);
}
