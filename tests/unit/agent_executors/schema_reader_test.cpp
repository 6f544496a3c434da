// Schemas: what pg_dump writes is understood, and a real PostgreSQL's is read, with nobody seeing the password.
#include "agent/probes/schema_reader.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "agent/executors/file_keeper.hpp"
#include "agent/probes/database_session.hpp"
#include "agent/probes/schema_dump.hpp"
#include "common/crypto.hpp"
#include "common/limits_snapshots.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/fake_service_manager.hpp"
#include "tests/unit/agent_executors/integrity_fixture.hpp"

namespace switchyard::agent::testing {
namespace {

/// As pg_dump writes it. `word`: what it draws for each dump.
std::string dump_of(const std::string& definitions, const std::string& word, const std::string& version = "15.18") {
  return "--\n-- PostgreSQL database dump\n--\n\n\\restrict " + word + "\n\n-- Dumped from database version " +
         version + " (Debian)\n-- Dumped by pg_dump version 16.2\n\nSET statement_timeout = 0;\n" + definitions +
         "\n--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict " + word + "\n\n";
}
const std::string orders_table =
    "\n--\n-- Name: orders; Type: TABLE; Schema: public; Owner: -\n--\n\nCREATE TABLE public.orders (id integer);\n\n";

/// The text of a function may be anything.
std::string function_that_says(const std::string& text) {
  return "\n--\n-- Name: f(); Type: FUNCTION; Schema: public; Owner: -\n--\n\nCREATE FUNCTION public.f() AS $$\n" +
         text + "\n$$;\n\n";
}

TEST(SchemaDumpText, SaysInItsHeadWhatItIsOfAndWhoWroteIt) {
  const auto dump = read_schema_dump(dump_of(orders_table, "aaaa"));
  ASSERT_TRUE(dump);
  EXPECT_EQ(dump->server_version, "15.18 (Debian)");
  EXPECT_EQ(dump->dump_version, "16.2");
  EXPECT_EQ(dump->sha256, sha256_hex(orders_table));
}

TEST(SchemaDumpText, OfTheSameSchemaHasTheSameDigestHoweverOftenItIsWritten) {
  const auto first = read_schema_dump(dump_of(orders_table, "aaaa"));
  const auto second = read_schema_dump(dump_of(orders_table, "bbbb", "15.19"));
  const auto other = read_schema_dump(dump_of(orders_table + orders_table, "aaaa"));
  EXPECT_EQ(first->sha256, second->sha256);
  EXPECT_NE(first->sha256, other->sha256);
}

TEST(SchemaDumpText, WithoutItsEndOrItsHeadIsNone) {
  const std::string whole = dump_of(orders_table, "aaaa");
  EXPECT_FALSE(read_schema_dump(""));
  EXPECT_FALSE(read_schema_dump(whole.substr(0, whole.find("-- PostgreSQL database dump complete"))));
  EXPECT_FALSE(read_schema_dump(whole.substr(whole.find("SET statement_timeout"))));
}

TEST(SchemaDumpText, OfADatabaseWithNothingInItHasNoDefinitions) {
  const std::string text = dump_of("", "aaaa");
  EXPECT_EQ(definitions_of(text), "");
  EXPECT_EQ(read_schema_dump(text)->sha256, sha256_hex(""));
}

TEST(SchemaDumpText, OfAFunctionThatLooksLikeADumpIsReadToItsEnd) {
  const auto digest_with = [](const std::string& text) {
    return read_schema_dump(dump_of(function_that_says(text), "aaaa"))->sha256;
  };
  const std::string foot = "\n--\n-- PostgreSQL database dump complete\n--\n";
  EXPECT_NE(digest_with(foot + "SELECT 1"), digest_with(foot + "SELECT 2"));
  EXPECT_NE(digest_with("-- Dumped by pg_dump version 1"), digest_with("-- Dumped by pg_dump version 2"));
  EXPECT_EQ(read_schema_dump(dump_of(function_that_says("\n-- Dumped by pg_dump version 1"), "aaaa"))->dump_version,
            "16.2");
}

// --- which pg_dump
// -----------------------------------------------------------------------------------------------------

void add_program(const std::filesystem::path& file, const std::string& text = "") {
  write_file(file, text);
  std::filesystem::permissions(file, std::filesystem::perms(0755));
}

/// A place like /usr; programs in it can be executed, which those in memory may not.
class Programs {
 public:
  Programs() {
    std::string name = (std::filesystem::temp_directory_path() / "switchyard-programs-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no directory for programs");
    path = name;
  }
  Programs(const Programs&) = delete;
  Programs& operator=(const Programs&) = delete;
  ~Programs() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::filesystem::path path;
};

TEST(PgDump, OfTheNewestVersionIsTakenBecauseItReadsOlderServersToo) {
  const Programs usr;
  EXPECT_EQ(find_pg_dump(usr.path), std::nullopt);
  add_program(usr.path / "bin/pg_dump");
  EXPECT_EQ(find_pg_dump(usr.path), usr.path / "bin/pg_dump");
  add_program(usr.path / "lib/postgresql/9/bin/pg_dump");
  add_program(usr.path / "lib/postgresql/15/bin/pg_dump");
  std::filesystem::create_directories(usr.path / "lib/postgresql/18/bin");
  EXPECT_EQ(find_pg_dump(usr.path), usr.path / "lib/postgresql/15/bin/pg_dump") << "18 has none";
  add_program(usr.path / "pgsql-17/bin/pg_dump");
  EXPECT_EQ(find_pg_dump(usr.path), usr.path / "pgsql-17/bin/pg_dump");
}

// --- of a real server
// --------------------------------------------------------------------------------------------------

class Schema : public Database {
 protected:
  void SetUp() override {
    Database::SetUp();
    if (IsSkipped()) return;
    std::filesystem::create_directory(scratch / "pg");
    write_secret(credentials / "keeper", "correct horse");
    server_ = std::make_unique<Postgres>(scratch / "pg");
    ASSERT_TRUE(ask(demand().database).ok);
  }
  protocol::SchemaDemand demand() const {
    protocol::SchemaDemand wanted;
    wanted.name = "orders";
    wanted.database = {.host = "127.0.0.1",
                       .port = server_->port,
                       .user = "keeper",
                       .database = "postgres",
                       .query = "SELECT 1",
                       .credential = "keeper"};
    return wanted;
  }
  protocol::SchemaDemand with_migrations() const {
    protocol::SchemaDemand wanted = demand();
    wanted.migrations = {"public.schema_migrations", "version", "version"};
    return wanted;
  }
  void tell(const std::string& statement) const {
    DatabaseSession session = sign_in_to(demand().database, credentials, 5'000, {});
    ASSERT_TRUE(session.client) << session.why;
    ASSERT_EQ(session.client->ask(statement), "");
  }
  SchemaReading read(const protocol::SchemaDemand& wanted) const {
    return SchemaReader({credentials}, mask).read(wanted);
  }

  SecretMask mask;
  std::unique_ptr<Postgres> server_;
};

TEST_F(Schema, IsReadWithTheVersionsAndADigestThatChangesWithIt) {
  tell("CREATE TABLE orders (id integer PRIMARY KEY)");
  const SchemaReading first = read(demand());
  ASSERT_TRUE(first.known()) << first.fact.why_not;
  EXPECT_EQ(first.fact.name, "orders");
  EXPECT_NE(first.text.find("CREATE TABLE public.orders"), std::string::npos);
  EXPECT_EQ(first.fact.bytes, first.text.size());
  EXPECT_GE(std::atoi(first.fact.server_version.c_str()), 9) << first.fact.server_version;
  EXPECT_GE(std::atoi(first.fact.dump_version.c_str()), 9) << first.fact.dump_version;
  EXPECT_EQ(first.fact.migration, "");

  tell("INSERT INTO orders VALUES (1)");
  EXPECT_EQ(read(demand()).fact.sha256, first.fact.sha256) << "rows are not of the schema";
  tell("ALTER TABLE orders ADD COLUMN buyer text");
  EXPECT_NE(read(demand()).fact.sha256, first.fact.sha256);
  tell("ALTER TABLE orders DROP COLUMN buyer");
  EXPECT_EQ(read(demand()).fact.sha256, first.fact.sha256) << "the same schema again";
}

TEST_F(Schema, HasNoRowsInIt) {
  tell("CREATE TABLE orders (buyer text)");
  tell("INSERT INTO orders VALUES ('a secret buyer')");
  EXPECT_EQ(read(demand()).text.find("a secret buyer"), std::string::npos);
}

TEST_F(Schema, NamesTheNewestMigrationByTheOrderThatIsWanted) {
  tell("CREATE TABLE schema_migrations (version text, applied integer)");
  EXPECT_EQ(read(with_migrations()).fact.migration, "") << "none is applied yet";
  tell("INSERT INTO schema_migrations VALUES ('0002_buyers', 1), ('0001_orders', 2), (NULL, NULL)");
  EXPECT_EQ(read(with_migrations()).fact.migration, "0002_buyers");
  protocol::SchemaDemand by_time = with_migrations();
  by_time.migrations->order = "applied";
  EXPECT_EQ(read(by_time).fact.migration, "0001_orders");
}

TEST_F(Schema, WhoseMigrationsCannotBeReadIsNotKnown) {
  const SchemaReading none = read(with_migrations());
  EXPECT_EQ(none.code, "schema_unread");
  EXPECT_NE(none.fact.why_not.find("public.schema_migrations"), std::string::npos) << none.fact.why_not;
  tell("CREATE TABLE schema_migrations (version text)");
  tell("INSERT INTO schema_migrations VALUES (E'two\\nlines')");
  EXPECT_NE(read(with_migrations()).fact.why_not.find("no name of one line"), std::string::npos);
}

TEST_F(Schema, OfWhomTheDatabaseDoesNotLetInIsNotKnown) {
  write_secret(credentials / "keeper", "wrong");
  const SchemaReading reading = read(demand());
  EXPECT_EQ(reading.code, "schema_unread");
  EXPECT_NE(reading.fact.why_not.find("did not let keeper in"), std::string::npos) << reading.fact.why_not;
  EXPECT_EQ(reading.fact.why_not.find("wrong"), std::string::npos);
}

TEST_F(Schema, WithoutPgDumpSaysWhatToInstall) {
  const Programs usr;
  const SchemaReading reading = SchemaReader({credentials, usr.path}, mask).read(demand());
  EXPECT_EQ(reading.code, "no_pg_dump");
  EXPECT_NE(reading.fact.why_not.find("postgresql-client"), std::string::npos) << reading.fact.why_not;
}

/// It tells all that it was told: its words, its variables, and how it failed.
TEST_F(Schema, IsAskedForWithoutThePasswordAmongWordsAndVariables) {
  const Programs usr;
  add_program(usr.path / "bin/pg_dump", "#!/bin/sh\necho \"words: $*\" >&2\nenv >&2\nexit 3\n");
  const SchemaReading reading = SchemaReader({credentials, usr.path}, mask).read(demand());
  const std::string& said = reading.fact.why_not;
  EXPECT_EQ(reading.code, "schema_unread");
  EXPECT_NE(said.find("status 3"), std::string::npos) << said;
  EXPECT_NE(said.find("--schema-only --no-owner --no-privileges --no-password"), std::string::npos) << said;
  EXPECT_NE(said.find("PGDATABASE=postgres"), std::string::npos) << said;
  EXPECT_NE(said.find("PGPASSFILE=/proc/self/fd/0"), std::string::npos) << said;
  EXPECT_EQ(said.find("correct horse"), std::string::npos);
}

TEST_F(Schema, OfWhatIsNoDumpIsNotKnown) {
  const Programs usr;
  add_program(usr.path / "bin/pg_dump", "#!/bin/sh\necho 'nothing of that kind'\n");
  const SchemaReading reading = SchemaReader({credentials, usr.path}, mask).read(demand());
  EXPECT_EQ(reading.code, "schema_unread");
  EXPECT_NE(reading.fact.why_not.find("has no end"), std::string::npos) << reading.fact.why_not;
}

TEST_F(Schema, ThatIsLargerThanAnythingThatIsKeptIsRefused) {
  const Programs usr;
  add_program(usr.path / "bin/pg_dump", "#!/bin/sh\nexec yes\n");
  EXPECT_EQ(SchemaReader({credentials, usr.path}, mask).read(demand()).code, "too_large");
}

TEST_F(Schema, IsReadWhateverIsInThePassword) {
  const std::string password = "a:b\\c d'e ";
  tell("ALTER ROLE keeper PASSWORD 'a:b\\c d''e '");
  write_secret(credentials / "keeper", password);
  const SchemaReading reading = read(demand());
  EXPECT_TRUE(reading.known()) << reading.fact.why_not;
  tell("ALTER ROLE keeper PASSWORD E'two\\nlines'");
  write_secret(credentials / "keeper", "two\nlines");
  EXPECT_NE(read(demand()).fact.why_not.find("more than one line"), std::string::npos);
}

/// A name is a name, whatever it looks like to libpq.
TEST_F(Schema, OfADatabaseThatIsCalledLikeAConnectionIsThatOfTheDatabase) {
  tell("CREATE DATABASE \"host=nowhere port=1\"");
  protocol::SchemaDemand wanted = demand();
  wanted.database.database = "host=nowhere port=1";
  const SchemaReading reading = read(wanted);
  EXPECT_TRUE(reading.known()) << reading.fact.why_not;
}

TEST_F(Schema, IsNotWaitedForAsLongAsSomebodyHoldsATable) {
  tell("CREATE TABLE orders (id integer)");
  DatabaseSession holder = sign_in_to(demand().database, credentials, 60'000, {});
  ASSERT_TRUE(holder.client) << holder.why;
  ASSERT_EQ(holder.client->ask("BEGIN"), "");
  ASSERT_EQ(holder.client->ask("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE"), "");
  const SchemaReading reading = read(demand());
  EXPECT_EQ(reading.code, "schema_unread");
  EXPECT_NE(reading.fact.why_not.find("LOCK TABLE"), std::string::npos) << reading.fact.why_not;
}

// --- kept
// --------------------------------------------------------------------------------------------------------------

class SchemaKept : public Schema {
 protected:
  protocol::FileSaveResult keep(const std::string& name, const std::vector<std::string>& others = {}) {
    return keeper.keep({"app", name, {}, others, {with_migrations()}});
  }
  std::filesystem::path copies() const { return paths.state / "snapshots/app"; }
  void SetUp() override {
    Schema::SetUp();
    if (IsSkipped()) return;
    tell("CREATE TABLE schema_migrations (version text)");
    tell("INSERT INTO schema_migrations VALUES ('0001_orders')");
  }

  const std::string first = "s-00000000000000aa";
  const std::string second = "s-00000000000000bb";
  HostPaths paths = scratch.host();
  switchyard::testing::FakeServiceManager services;
  switchyard::testing::FakeClock clock;
  SnapshotExecutor snapshot{paths};
  RestoreExecutor restore{paths, services};
  Executors executors{{snapshot, snapshot, snapshot, snapshot, snapshot, snapshot, snapshot, snapshot, snapshot,
                       snapshot, snapshot, snapshot, snapshot, snapshot, restore},
                      clock,
                      mask};
  SchemaReader schemas{{credentials}, mask};
  FileKeeper keeper{paths, executors, snapshot, schemas};
};

TEST_F(SchemaKept, LiesUnderTheSnapshotsNameForRootAloneAndCanBeRead) {
  const protocol::FileSaveResult result = keep(first);
  ASSERT_TRUE(result.done) << result.detail;
  ASSERT_EQ(result.schemas.size(), 1u);
  const protocol::SchemaFact& fact = result.schemas[0];
  EXPECT_EQ(fact.name, "orders");
  EXPECT_EQ(fact.migration, "0001_orders");
  EXPECT_TRUE(fact.file.starts_with((copies() / (first + ".schemas")).string())) << fact.file;
  EXPECT_NE(read_file(fact.file).find("CREATE TABLE public.schema_migrations"), std::string::npos);
  EXPECT_EQ(read_file(fact.file).size(), fact.bytes);
  EXPECT_EQ(std::filesystem::status(fact.file).permissions(), std::filesystem::perms(0600));
}

TEST_F(SchemaKept, ByTheSameOrderAgainStaysAsItIsUnlessItHasChanged) {
  const protocol::FileSaveResult once = keep(first);
  const protocol::FileSaveResult again = keep(first);
  EXPECT_TRUE(again.done) << again.detail;
  EXPECT_EQ(again.schemas.at(0).file, once.schemas.at(0).file);
  tell("CREATE TABLE more (id integer)");
  const protocol::FileSaveResult changed = keep(first);
  EXPECT_FALSE(changed.done);
  EXPECT_EQ(changed.code, "changed_meanwhile");
}

TEST_F(SchemaKept, GoesWithItsSnapshotAndNotBefore) {
  keep(first);
  keep(second, {first});
  EXPECT_TRUE(std::filesystem::exists(copies() / (first + ".schemas")));
  keep("", {second});
  EXPECT_FALSE(std::filesystem::exists(copies() / (first + ".schemas")));
  EXPECT_TRUE(std::filesystem::exists(copies() / (second + ".schemas")));
  for (std::size_t i = 0; i < limits::snapshots_kept + 4; ++i) {
    snapshot.run(protocol::Snapshot{"app", "d-" + std::to_string(i), {}, ""}, {});
  }
  EXPECT_TRUE(std::filesystem::exists(copies() / (second + ".schemas"))) << "deployments make no room at its cost";
}

TEST_F(SchemaKept, IsOnlyLookedAtWhereThereIsNoName) {
  const protocol::FileSaveResult result = keep("");
  EXPECT_TRUE(result.done);
  EXPECT_EQ(result.schemas.at(0).file, "");
  EXPECT_EQ(result.schemas.at(0).sha256.size(), 64u);
  EXPECT_FALSE(std::filesystem::exists(copies()));
}

TEST_F(SchemaKept, ThatCannotBeReadFailsWhatIsKeptAndIsSaidOfWhatIsLookedAt) {
  write_secret(credentials / "keeper", "wrong");
  const protocol::FileSaveResult kept = keep(first);
  EXPECT_FALSE(kept.done);
  EXPECT_EQ(kept.code, "schema_unread");
  EXPECT_FALSE(std::filesystem::exists(copies() / (first + ".schemas")));
  const protocol::FileSaveResult looked = keep("");
  EXPECT_TRUE(looked.done);
  EXPECT_NE(looked.schemas.at(0).why_not, "");
}

}  // namespace
}  // namespace switchyard::agent::testing
