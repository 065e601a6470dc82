#include "config.h"

#include "postgres/connection-private.h"

#include <string.h>

/* Reaching a server without blocking: the waits are ours, so that a cancel takes
 * effect at once. libpq leaves the time limit to blocking callers, therefore a
 * list of hosts is walked here, each with a limit of its own. (Names are still
 * resolved by libpq, inside the call.) */

#define DEFAULT_TIMEOUT 10

/* Every keyword that libpq knows, ours on top, and the end. */
#define MAX_PARAMETERS 128

typedef struct
{
  const char *keywords[MAX_PARAMETERS]; /* borrowed */
  const char *values[MAX_PARAMETERS];
  guint n;
} Parameters;

/* Applied when the user has not decided otherwise. Dead peers are found within 30 s: by
 * keepalives where nothing is under way, by pgm_wait_poll() where something is.
 * tcp_user_timeout also ends a connection whose peer is alive but has not read for so
 * long (a COPY waiting for a lock or a disk), so it must stay well above such waits. */
static const struct
{
  const char *keyword;
  const char *value;
} fallbacks[] = {
  { "keepalives", "1" },       { "keepalives_idle", "10" },      { "keepalives_interval", "5" },
  { "keepalives_count", "3" }, { "tcp_user_timeout", "300000" },
};

static void
parameters_add (Parameters *self, const char *keyword, const char *value)
{
  g_assert (self->n < MAX_PARAMETERS);
  self->keywords[self->n] = keyword;
  self->values[self->n++] = value;
}

/* libpq takes the last of several equal keywords: what comes later wins. */
static void
add_given (const char *keyword, const char *value, gpointer data)
{
  parameters_add (data, keyword, value);
}

/* One host out of the given list. Any member may be NULL: not given. */
typedef struct
{
  char *host;
  char *address;
  char *port;
} Endpoint;

static void
endpoint_free (Endpoint *self)
{
  g_free (self->host);
  g_free (self->address);
  g_free (self->port);
  g_free (self);
}

static guint
list_length (char **list)
{
  return list != NULL ? g_strv_length (list) : 0;
}

/* NULL when there are not several hosts, or the lists do not pair up: then libpq
 * gets what was given, and says what is wrong with it. */
static GPtrArray *
split_endpoints (PgmConninfo *conninfo)
{
  const char *host = pgm_conninfo_get (conninfo, "host");
  const char *address = pgm_conninfo_get (conninfo, "hostaddr");
  const char *port = pgm_conninfo_get (conninfo, "port");
  g_auto (GStrv) hosts = host != NULL ? g_strsplit (host, ",", -1) : NULL;
  g_auto (GStrv) addresses = address != NULL ? g_strsplit (address, ",", -1) : NULL;
  g_auto (GStrv) ports = port != NULL ? g_strsplit (port, ",", -1) : NULL;
  guint n = MAX (list_length (hosts), list_length (addresses));

  if (n < 2 || (hosts != NULL && list_length (hosts) != n) ||
      (addresses != NULL && list_length (addresses) != n) ||
      (list_length (ports) > 1 && list_length (ports) != n))
    return NULL;

  GPtrArray *endpoints = g_ptr_array_new_with_free_func ((GDestroyNotify) endpoint_free);
  for (guint i = 0; i < n; i++)
    {
      Endpoint *endpoint = g_new0 (Endpoint, 1);
      endpoint->host = hosts != NULL ? g_strdup (hosts[i]) : NULL;
      endpoint->address = addresses != NULL ? g_strdup (addresses[i]) : NULL;
      endpoint->port =
          list_length (ports) > 0 ? g_strdup (ports[list_length (ports) == 1 ? 0 : i]) : NULL;
      g_ptr_array_add (endpoints, endpoint);
    }
  return endpoints;
}

typedef struct
{
  PgmConninfo *conninfo;
  const PgmSessionOptions *options;
  const char *label;
  const char *startup_options;
  guint timeout;
} Login;

static PGconn *
start (const Login *login, const Endpoint *endpoint, const char *target)
{
  Parameters parameters = { .n = 0 };
  const char *name = login->options->application_name;

  for (guint i = 0; i < G_N_ELEMENTS (fallbacks); i++)
    parameters_add (&parameters, fallbacks[i].keyword, fallbacks[i].value);
  /* We say little there, and a server that lives takes it at once. */
  if (login->options->replication)
    parameters_add (&parameters, "tcp_user_timeout", "20000");
  parameters_add (&parameters, "fallback_application_name", "pgmanager");
  pgm_conninfo_foreach (login->conninfo, add_given, &parameters);
  if (name != NULL)
    parameters_add (&parameters, "application_name", name);
  if (!login->options->console)
    parameters_add (&parameters, "options", login->startup_options);
  if (login->options->client_encoding != NULL)
    parameters_add (&parameters, "client_encoding", login->options->client_encoding);
  if (login->options->replication)
    parameters_add (&parameters, "replication", "database");
  if (target != NULL)
    parameters_add (&parameters, "target_session_attrs", target);
  if (endpoint != NULL)
    {
      parameters_add (&parameters, "host", endpoint->host != NULL ? endpoint->host : "");
      parameters_add (&parameters, "hostaddr", endpoint->address != NULL ? endpoint->address : "");
      parameters_add (&parameters, "port", endpoint->port != NULL ? endpoint->port : "");
    }
  parameters_add (&parameters, NULL, NULL);

  PGconn *pg = PQconnectStartParams (parameters.keywords, parameters.values, 0);
  /* Before a session exists libpq shows the SQLSTATE only in the verbose text. */
  if (pg != NULL)
    PQsetErrorVerbosity (pg, PQERRORS_VERBOSE);
  return pg;
}

static gboolean
await_login (PGconn *pg, guint timeout, GCancellable *cancellable, GError **error)
{
  g_auto (PgmWait) wait = { NULL, -1 };
  gint64 deadline = pgm_wait_deadline (timeout);
  PostgresPollingStatusType status = PGRES_POLLING_WRITING;

  pgm_wait_init (&wait, cancellable);
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  while (PQstatus (pg) != CONNECTION_BAD && status != PGRES_POLLING_OK &&
         status != PGRES_POLLING_FAILED)
    {
      /* The socket may be another one after every step (next address, no TLS). */
      struct pollfd fd = { .fd = PQsocket (pg),
                           .events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT };
      if (!pgm_wait_poll (&wait, &fd, 1, deadline, error))
        return FALSE;
      status = PQconnectPoll (pg);
    }
  return TRUE;
}

/* What to do about it, by SQLSTATE or by the operating system's words. */
static const char *
find_hint (const char *sqlstate, const char *text)
{
  static const struct
  {
    const char *sqlstate;
    const char *text;
    const char *hint;
  } hints[] = {
    { NULL, "unsupported startup parameter",
      "A connection pooler refuses our session settings: name the PostgreSQL server itself." },
    { "28P01", NULL, "Check the role's password: in the URI, in ~/.pgpass, or in PGPASSWORD." },
    { NULL, "no password supplied",
      "The server wants a password: give it, or put it into ~/.pgpass." },
    { "3D000", NULL, "Create the database first, or name another one." },
    { "28000", NULL,
      "The role may not log in this way: check that it exists, and add a line for it to pg_hba.conf." },
    { "53300", NULL, "Close sessions, raise max_connections, or use fewer workers." },
    { "57P03", NULL, "The server is starting up, shutting down or recovering: try again shortly." },
    { "42501", NULL, "GRANT CONNECT ON DATABASE … TO … lets the role in." },
    { "55000", NULL,
      "The database does not accept connections (ALTER DATABASE … ALLOW_CONNECTIONS)." },
    { NULL, "onnection refused",
      "Nothing listens there: check host and port, that the server runs, and its listen_addresses." },
    { NULL, "o such file or directory",
      "No socket there: check that the server runs, and its port and directory." },
    { NULL, "could not translate host name",
      "The name is not known here: check it, or write the address." },
    { NULL, "imed out",
      "The host does not answer: check the address and the firewalls on the way." },
    { NULL, "timeout expired",
      "The host does not answer: check the address and the firewalls on the way." },
    { NULL, "oute to host",
      "The network can't reach that host: check the address and the routing." },
    { NULL, "etwork is unreachable",
      "The network can't reach that host: check the address and the routing." },
    { NULL, "does not support SSL",
      "The server has no TLS: set sslmode=prefer, or turn ssl on there." },
    { NULL, "definition of service \"",
      "Services are defined in ~/.pg_service.conf, or in the file that PGSERVICEFILE names." },
    { NULL, "for connection option \"", "That value must be a whole number." },
    { NULL, "invalid port number", "A port is a number from 1 to 65535." },
    { NULL, "certificate", "Check sslmode, sslrootcert and the server's certificate." },
  };

  for (guint i = 0; i < G_N_ELEMENTS (hints); i++)
    if ((hints[i].sqlstate != NULL && g_strcmp0 (sqlstate, hints[i].sqlstate) == 0) ||
        (hints[i].text != NULL && strstr (text, hints[i].text) != NULL))
      return hints[i].hint;
  return NULL;
}

/* Takes "SEVERITY:  SQLSTATE: text" apart; @message then begins with the text. */
static char *
split_sqlstate (const char **message)
{
  const char *p = strstr (*message, ":  ");
  if (p == NULL || strcspn (*message, " \"") != (gsize) (p - *message) + 1)
    return NULL;
  p += 3;
  for (guint i = 0; i < 5; i++)
    if (!g_ascii_isupper (p[i]) && !g_ascii_isdigit (p[i]))
      return NULL;
  if (p[5] != ':' || p[6] != ' ')
    return NULL;
  *message = p + 7;
  return g_strndup (p, 5);
}

/* libpq looks at some values only when it begins to connect. */
static gboolean
is_malformed (const char *report)
{
  return strstr (report, "for connection option \"") != NULL ||
         strstr (report, "invalid port number") != NULL ||
         strstr (report, "could not match ") != NULL ||
         (strstr (report, "invalid ") != NULL && strstr (report, " value: \"") != NULL);
}

/* libpq's report has a line for every address and method that it tried. The last
 * attempt makes the message, all of them the detail. */
static void
set_login_error (const Login *login, const char *report, GError **error)
{
  g_autofree char *clean = pgm_connection_text (report, NULL);
  g_auto (GStrv) lines = g_strsplit (clean, "\n", -1);
  GString *detail = g_string_new (NULL);
  const char *message = clean;
  guint n_attempts = 0, n_lines = 0;

  for (guint i = 0; lines[i] != NULL; i++)
    {
      if (g_str_has_prefix (lines[i], "LOCATION:"))
        continue;
      const char *failed = strstr (lines[i], " failed: ");
      if (failed != NULL)
        message = failed + strlen (" failed: ");
      else if (n_lines == 0)
        message = lines[i];
      n_attempts += failed != NULL;
      g_string_append_printf (detail, "%s%s", n_lines++ > 0 ? "\n" : "", g_strstrip (lines[i]));
    }

  g_autofree char *sqlstate = split_sqlstate (&message);
  g_autofree char *where = pgm_conninfo_describe (login->conninfo);
  /* One line only says what the message says, but for the address it resolved to. */
  gboolean redundant = n_lines <= 1 && n_attempts == 0;
  const char *hint = find_hint (sqlstate, message);
  if (hint == NULL)
    hint = find_hint (NULL, clean);
  PgmErrorCode code =
      sqlstate == NULL && is_malformed (clean) ? PGM_ERROR_USAGE : PGM_ERROR_CONNECT;
  pgm_error_set_full (error, code, sqlstate, redundant ? NULL : detail->str, hint,
                      "%s: can't connect to %s: %s", login->label, where, message);
  g_string_free (detail, TRUE);
}

static PGconn *
attempt (const Login *login,
         const Endpoint *endpoint,
         const char *target,
         GString *report,
         GCancellable *cancellable,
         GError **error)
{
  PGconn *pg = start (login, endpoint, target);
  g_autoptr (GError) local = NULL;

  if (pg == NULL)
    {
      g_string_append (report, "out of memory\n");
      return NULL;
    }
  if (!await_login (pg, login->timeout, cancellable, &local))
    {
      if (g_error_matches (local, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
        g_string_append_printf (report, "connection to \"%s\" failed: timeout expired after %u s\n",
                                PQhost (pg) != NULL ? PQhost (pg) : "", login->timeout);
      else
        g_propagate_error (error, g_steal_pointer (&local));
    }
  else if (PQstatus (pg) == CONNECTION_OK)
    {
      PQsetErrorVerbosity (pg, PQERRORS_DEFAULT);
      return pg;
    }
  else
    g_string_append (report, PQerrorMessage (pg));
  PQfinish (pg);
  return NULL;
}

/* All hosts once, in their order. */
static PGconn *
walk (const Login *login,
      GPtrArray *endpoints,
      const char *target,
      GString *report,
      GCancellable *cancellable,
      GError **error)
{
  g_autoptr (GError) local = NULL;
  PGconn *pg = NULL;

  if (endpoints == NULL)
    return attempt (login, NULL, target, report, cancellable, error);
  for (guint i = 0; pg == NULL && local == NULL && i < endpoints->len; i++)
    pg = attempt (login, g_ptr_array_index (endpoints, i), target, report, cancellable, &local);
  if (local != NULL)
    g_propagate_error (error, g_steal_pointer (&local));
  return pg;
}

static guint
choose_timeout (PgmConninfo *conninfo, const PgmSessionOptions *options)
{
  const char *given = pgm_conninfo_get (conninfo, "connect_timeout");
  guint64 seconds = given != NULL ? g_ascii_strtoull (given, NULL, 10) : 0;

  if (seconds == 0)
    seconds = options->connect_timeout;
  if (seconds == 0)
    seconds = DEFAULT_TIMEOUT;
  return (guint) MIN (seconds, 3600);
}

PGconn *
pgm_login (PgmConninfo *conninfo,
           const PgmSessionOptions *options,
           GCancellable *cancellable,
           GError **error)
{
  const char *user_options = pgm_conninfo_get (conninfo, "options");
  const char *wish = pgm_conninfo_get (conninfo, "target_session_attrs");
  g_autoptr (GPtrArray) endpoints = split_endpoints (conninfo);
  g_autoptr (GError) local = NULL;

  /* Naming "options" hides PGOPTIONS from libpq, so it is taken in here. */
  if (user_options == NULL)
    user_options = g_getenv ("PGOPTIONS");
  g_autofree char *startup_options = pgm_session_startup_options (user_options, options);
  Login login = {
    .conninfo = conninfo,
    .options = options,
    .label = options->label != NULL ? options->label : "server",
    .startup_options = startup_options,
    .timeout = choose_timeout (conninfo, options),
  };

  /* "prefer-standby" is a wish over all hosts: standbys first, then any. */
  GString *report = g_string_new (NULL);
  gboolean two_rounds = endpoints != NULL && g_strcmp0 (wish, "prefer-standby") == 0;
  PGconn *pg = walk (&login, endpoints, two_rounds ? "standby" : NULL, report, cancellable, &local);
  if (pg == NULL && local == NULL && two_rounds)
    pg = walk (&login, endpoints, "any", report, cancellable, &local);

  if (local != NULL)
    g_propagate_error (error, g_steal_pointer (&local));
  else if (pg == NULL)
    set_login_error (&login, report->str, error);
  g_string_free (report, TRUE);
  return pg;
}
