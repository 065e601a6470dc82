#include "config.h"

#include "migration/catalog-objects-private.h"

/* Text search, collations, foreign servers, replication: objects in no table's way. */

/* The recorded version of a collation is the operating system's affair. 10 and 11
 * know no nondeterministic ones. */
static const char collations_sql[] =
    "SELECT @name(n.nspname, o.collname), n.nspname, NULL, concat('CREATE COLLATION ', @name(n.nspname, o.collname), "
    "' (PROVIDER = ', o.collprovider, ', LC_COLLATE = ' || quote_literal(o.collcollate), "
    "', LC_CTYPE = ' || quote_literal(o.collctype), $12{CASE WHEN NOT o.collisdeterministic THEN ', DETERMINISTIC = false' END$:NULL$}, "
    "', LOCALE = ' || $17{quote_literal(o.colllocale)$:$15{quote_literal(o.colliculocale)$:NULL$}$}, "
    "$16{', RULES = ' || quote_literal(o.collicurules)$:NULL$}, ')'), "
    "concat(o.collprovider, ' ', CASE WHEN o.collprovider = 'c' THEN concat(o.collcollate, ' ', o.collctype) "
    "ELSE $17{o.colllocale$:$15{o.colliculocale$:o.collcollate$}$} END, "
    "$12{CASE WHEN NOT o.collisdeterministic THEN ' nondeterministic' END$:NULL$}, $16{' ' || o.collicurules$:NULL$}) "
    "FROM pg_collation o JOIN pg_namespace n ON n.oid = o.collnamespace "
    "WHERE @user AND @own(pg_collation, o.oid)";

static const char conversions_sql[] =
    "SELECT @name(n.nspname, k.conname), n.nspname, NULL, concat('CREATE ', CASE WHEN k.condefault THEN 'DEFAULT ' END, "
    "'CONVERSION ', @name(n.nspname, k.conname), ' FOR ', quote_literal(pg_encoding_to_char(k.conforencoding)), "
    "' TO ', quote_literal(pg_encoding_to_char(k.contoencoding)), ' FROM ', k.conproc), NULL "
    "FROM pg_conversion k JOIN pg_namespace n ON n.oid = k.connamespace "
    "WHERE @user AND @own(pg_conversion, k.oid)";

static const char ts_configurations_sql[] =
    "SELECT @name(n.nspname, f.cfgname), n.nspname, NULL, "
    "concat('CREATE TEXT SEARCH CONFIGURATION ', @name(n.nspname, f.cfgname), ' (PARSER = ', "
    "(SELECT @name(pn.nspname, p.prsname) FROM pg_ts_parser p JOIN pg_namespace pn ON pn.oid = p.prsnamespace "
    "WHERE p.oid = f.cfgparser), ')', "
    "(SELECT string_agg(concat(E'\\n  ADD MAPPING FOR ', m.maptokentype, ' ', m.mapseqno, ' WITH ', m.mapdict::regdictionary), '' "
    "ORDER BY m.maptokentype, m.mapseqno) FROM pg_ts_config_map m WHERE m.mapcfg = f.oid)), NULL "
    "FROM pg_ts_config f JOIN pg_namespace n ON n.oid = f.cfgnamespace "
    "WHERE @user AND @own(pg_ts_config, f.oid)";

static const char ts_dictionaries_sql[] =
    "SELECT @name(n.nspname, d.dictname), n.nspname, NULL, "
    "concat('CREATE TEXT SEARCH DICTIONARY ', @name(n.nspname, d.dictname), ' (TEMPLATE = ', "
    "(SELECT @name(tn.nspname, t.tmplname) FROM pg_ts_template t JOIN pg_namespace tn ON tn.oid = t.tmplnamespace "
    "WHERE t.oid = d.dicttemplate), ', ' || d.dictinitoption, ')'), NULL "
    "FROM pg_ts_dict d JOIN pg_namespace n ON n.oid = d.dictnamespace "
    "WHERE @user AND @own(pg_ts_dict, d.oid)";

static const char ts_parsers_sql[] =
    "SELECT @name(n.nspname, p.prsname), n.nspname, NULL, concat('CREATE TEXT SEARCH PARSER ', @name(n.nspname, p.prsname), "
    "' (START = ', p.prsstart, ', GETTOKEN = ', p.prstoken, ', END = ', p.prsend, "
    "', HEADLINE = ' || nullif(p.prsheadline::oid, 0)::regproc, ', LEXTYPES = ', p.prslextype, ')'), NULL "
    "FROM pg_ts_parser p JOIN pg_namespace n ON n.oid = p.prsnamespace "
    "WHERE @user AND @own(pg_ts_parser, p.oid)";

static const char ts_templates_sql[] =
    "SELECT @name(n.nspname, t.tmplname), n.nspname, NULL, concat('CREATE TEXT SEARCH TEMPLATE ', @name(n.nspname, t.tmplname), "
    "' (INIT = ' || nullif(t.tmplinit::oid, 0)::regproc || ', ', 'LEXIZE = ', t.tmpllexize, ')'), NULL "
    "FROM pg_ts_template t JOIN pg_namespace n ON n.oid = t.tmplnamespace "
    "WHERE @user AND @own(pg_ts_template, t.oid)";

static const char data_wrappers_sql[] =
    "SELECT quote_ident(w.fdwname), NULL, NULL, concat('CREATE FOREIGN DATA WRAPPER ', quote_ident(w.fdwname), "
    "' HANDLER ' || nullif(w.fdwhandler, 0)::regproc, ' VALIDATOR ' || nullif(w.fdwvalidator, 0)::regproc, "
    "@options(w.fdwoptions)), "
    "concat(nullif(w.fdwhandler, 0)::regproc, ' ', nullif(w.fdwvalidator, 0)::regproc, ' ', md5(@raw(w.fdwoptions))) "
    "FROM pg_foreign_data_wrapper w WHERE @own(pg_foreign_data_wrapper, w.oid)";

static const char servers_sql[] =
    "SELECT quote_ident(s.srvname), NULL, NULL, concat('CREATE SERVER ', quote_ident(s.srvname), "
    "' TYPE ' || quote_literal(s.srvtype), ' VERSION ' || quote_literal(s.srvversion), "
    "' FOREIGN DATA WRAPPER ', quote_ident(w.fdwname), @options(s.srvoptions)), "
    "concat(quote_literal(s.srvtype), ' ', quote_literal(s.srvversion), ' ', w.fdwname, ' ', md5(@raw(s.srvoptions))) "
    "FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw "
    "WHERE @own(pg_foreign_server, s.oid)";

/* Options are NULL to those who may not see them, and then not compared. */
static const char user_mappings_sql[] =
    "SELECT concat(quote_ident(u.usename), ' ON ', quote_ident(u.srvname)), NULL, NULL, "
    "concat('CREATE USER MAPPING FOR ', quote_ident(u.usename), ' SERVER ', quote_ident(u.srvname), "
    "@options(u.umoptions)), concat(u.usename, ' ', u.srvname, ' ', $super{md5(@raw(u.umoptions))$:NULL$}) "
    "FROM pg_user_mappings u";

static const char publications_sql[] =
    "SELECT quote_ident(p.pubname), NULL, NULL, concat('CREATE PUBLICATION ', quote_ident(p.pubname), "
    "CASE WHEN p.puballtables THEN ' FOR ALL TABLES' END, "
    "' WITH (publish = ', quote_literal(concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END, "
    "CASE WHEN p.pubupdate THEN 'update' END, CASE WHEN p.pubdelete THEN 'delete' END, "
    "$b11{CASE WHEN p.pubtruncate THEN 'truncate' END$:NULL$})), "
    "$13{CASE WHEN p.pubviaroot THEN ', publish_via_partition_root = true' END$:NULL$}, "
    "$18{CASE p.pubgencols WHEN 's' THEN ', publish_generated_columns = stored' END$:NULL$}, ')', "
    "$15{(SELECT string_agg(concat(E'\\n  ADD TABLES IN SCHEMA ', quote_ident(sn.nspname)), '' "
    "ORDER BY sn.nspname COLLATE \"C\") FROM pg_publication_namespace pn "
    "JOIN pg_namespace sn ON sn.oid = pn.pnnspid WHERE pn.pnpubid = p.oid)$:NULL$}, "
    "(SELECT string_agg(concat(E'\\n  ADD TABLE ', @rel, "
    "$15{(SELECT ' (' || string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname COLLATE \"C\") || ')' "
    "FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY (pr.prattrs)), "
    "' WHERE (' || pg_get_expr(pr.prqual, pr.prrelid) || ')'$:NULL$}), '' ORDER BY @rel COLLATE \"C\") "
    "FROM pg_publication_rel pr JOIN pg_class c ON c.oid = pr.prrelid "
    "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE pr.prpubid = p.oid)), NULL "
    "FROM pg_publication p WHERE p.pubname NOT LIKE 'pgmanager%' AND @own(pg_publication, p.oid)";

/* Where it connects to may hold a password, and a copy must not be enabled: its
 * name and what it subscribes to is all that is compared. */
static const char subscriptions_sql[] =
    "SELECT quote_ident(s.subname), NULL, NULL, concat('CREATE SUBSCRIPTION ', quote_ident(s.subname), ' PUBLICATION ', "
    "(SELECT string_agg(quote_ident(u), ', ' ORDER BY u COLLATE \"C\") FROM unnest(s.subpublications) u)), NULL "
    "FROM pg_subscription s WHERE s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())";

const PgmObjectQuery pgm_object_queries_other[] = {
  { "collation", collations_sql, 0, 0 },
  { "conversion", conversions_sql, 0, 0 },
  { "text search configuration", ts_configurations_sql, 0, 0 },
  { "text search dictionary", ts_dictionaries_sql, 0, 0 },
  { "text search parser", ts_parsers_sql, 0, 0 },
  { "text search template", ts_templates_sql, 0, 0 },
  { "foreign-data wrapper", data_wrappers_sql, 0, 0 },
  { "foreign server", servers_sql, 0, 0 },
  { "user mapping", user_mappings_sql, 0, 0 },
  { "publication", publications_sql, 0, 0 },
  { "subscription", subscriptions_sql, 0, 0 },
  { NULL },
};
