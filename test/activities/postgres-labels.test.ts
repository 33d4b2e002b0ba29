import { tmpdir } from "node:os";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { postgresAddress } from "../../schemas/postgres-settings.ts";
import { labelsFrom, type LabelTable } from "../../schemas/source.ts";
import { labelSelect } from "../../tables/label-table.ts";
import { inPostgres } from "../../tables/postgres.ts";
import { postgresPrograms, startPostgres, type TestPostgres } from "../support/postgres.ts";
import { asOf, defineFor, describeLabels, type LabelsStage } from "./labels-conformance.ts";
import { openPredictionsStage, type Said } from "./predictions-stage.ts";

const programs = postgresPrograms();

describe.skipIf(programs === null)(`a table of a real Postgres${programs === null ? " (skipped: Postgres is not installed)" : ""}`, () => {
  let server: TestPostgres;
  let tables = 0;
  beforeAll(async () => {
    server = await startPostgres(programs!);
  }, 60_000);
  afterAll(() => server.stop());

  const columns = { label: "outcome", time: "decided_at", source: "decided_by" } as const;
  async function openTable(type = "timestamptz", given: Partial<Record<"table" | "label" | "time", string>> = {}): Promise<LabelsStage> {
    const stage = await openPredictionsStage();
    const table = `labels_${tables++}`;
    await server.run(`create table ${table} (prediction_id text, outcome numeric(4, 2), decided_at ${type}, decided_by text, cell text)`);
    const say = async (_: string, labels: readonly Said[]) => {
      for (const { id, label, received, at, source } of labels) await server.run(`insert into ${table} values ($1, $2, $3, $4)`, [id, label, at ?? received, source ?? null]);
    };
    return { ...stage, deps: Object.assign(stage.deps, { postgres: postgresAddress({ RELEARN_POSTGRES_URL: server.url }) }), labels: labelsFrom.parse({ from: "postgres", table, ...columns, ...given }), say };
  }
  describeLabels("a table", openTable, 2);

  describe("a table of labels", () => {
    let stage: LabelsStage;
    beforeEach(async () => {
      stage = await openTable();
      await stage.asked("a", [{ id: "p1", at: "2013-01-02T09:00:00Z" }]);
      await stage.say("a", [{ id: "p1", label: "1", received: "2013-01-02T10:00:00Z" }]);
    });
    afterEach(() => stage.close());
    const tableOf = ({ labels }: LabelsStage) => (labels as { table: string }).table;
    const rowsIn = async (one: LabelsStage) => (await one.dataset(defineFor(one), asOf)).partitions.reduce((sum, { rows }) => sum + rows, 0);

    test("counts as labels only rows that have one, with a time", async () => {
      await server.run(`update ${tableOf(stage)} set outcome = null`);
      expect(await rowsIn(stage)).toBe(0);
      await server.run(`update ${tableOf(stage)} set outcome = 1, decided_at = null`);
      expect(await rowsIn(stage)).toBe(0);
    });

    test.each(["timestamp", "date"])("may have times of the type %s", async (type) => {
      const other = await openTable(type);
      await other.asked("a", [{ id: "p1", at: "2013-01-02T09:00:00Z" }]);
      await other.say("a", [{ id: "p1", label: "1", received: "2013-01-02T10:00:00Z" }]);
      expect(await rowsIn(other)).toBe(1);
      await other.close();
    });

    test.each(["timestamptz", "timestamp", "date"])("is asked by the index on its times, which are of the type %s", async (type) => {
      const other = await openTable(type);
      const { table } = other.labels as LabelTable;
      await server.run(`insert into ${table} select 'other', 1, timestamp '2000-01-01' + i * interval '1 hour' from generate_series(1, 100000) i; create index by_time_${table} on ${table} (decided_at); analyze ${table}`);
      const plan = await inPostgres(postgresAddress({ RELEARN_POSTGRES_URL: server.url })!, new AbortController().signal, async (client) => {
        const { during } = await labelSelect(client, other.labels as LabelTable, "America/New_York");
        return (await client.query(`explain ${during({ from: "2005-04-03T05:00:00Z", to: "2005-04-04T04:00:00Z" })}`)).rows;
      });
      expect(JSON.stringify(plan)).toContain(`by_time_${table}`);
      await other.close();
    });

    test("is only read, and stays as it is", async () => {
      const view = { ...stage, labels: labelsFrom.parse({ from: "postgres", table: "writing", ...columns }) };
      await server.run(`create or replace function meddle() returns text language sql volatile as $$ delete from ${tableOf(stage)}; select 'x'::text $$; create or replace view writing as select prediction_id, outcome, decided_at, meddle() as decided_by from ${tableOf(stage)}`);
      await expect(stage.ingest(defineFor(view), asOf)).rejects.toThrow(/cannot execute DELETE in a read-only transaction/);
      expect(await rowsIn(stage)).toBe(1);
    });

    test("may hold many labels that are of nothing here", async () => {
      await server.run(`insert into ${tableOf(stage)} select 'other ' || i, i % 2, '2013-01-02 11:00:00+00', repeat('x', 200) from generate_series(1, 200000) i`);
      expect(await rowsIn(stage)).toBe(1);
    });

    test.each([
      ["a table that is not there", { table: "nowhere" }, /RELEARN_POSTGRES_URL, 127\.0\.0\.1:\d+\/postgres\): relation "nowhere" does not exist/],
      ["a column that is not there", { label: "verdict" }, /the table labels_\d+ has no column verdict, by which the definition reads labels; it has prediction_id, outcome, decided_at/],
      ["a time that is none", { time: "cell" }, /the column cell of the table labels_\d+ must be a timestamp or a date/],
    ])("is refused for %s", async (_, given, message) => {
      const odd = { ...stage, labels: labelsFrom.parse({ ...stage.labels, ...given }) };
      await expect(stage.ingest(defineFor(odd), asOf)).rejects.toMatchObject({ type: "DataRefused", message: expect.stringMatching(message) });
    });

    test.each([
      ["does not answer", (url: string) => url.replace(/:\d+\//, ":9/"), "StoreUnavailable", /ECONNREFUSED/],
      ["lets nobody in", (url: string) => url.replace(/relearn:[^@]+@/, "relearn:another-word@"), "StoreRefused", /password authentication failed/],
    ])("says so where the server %s, without the password", async (_, change, type, message) => {
      Object.assign(stage.deps, { postgres: postgresAddress({ RELEARN_POSTGRES_URL: change(server.url) }) });
      const failed = await stage.ingest(defineFor(stage), asOf).then(() => null, (error: unknown) => error as Error & { type: string });
      expect(failed).toMatchObject({ type, message: expect.stringMatching(message) });
      expect(failed!.message).not.toMatch(/another-word|secret/);
    });

    test("is read over TLS from a server that proves who it is, and from no other", async () => {
      const over = (query: string) => inPostgres(postgresAddress({ RELEARN_POSTGRES_URL: `${server.url}?sslmode=verify-full${query}` })!, new AbortController().signal, async (client) => (await client.query("select ssl from pg_stat_ssl where pid = pg_backend_pid()")).rows);
      expect(await over(`&sslrootcert=${encodeURIComponent(server.certificate)}`)).toEqual([{ ssl: true }]);
      await expect(over("")).rejects.toMatchObject({ type: "StoreRefused", message: expect.stringMatching(/self.signed certificate; sslrootcert=FILE names the certificate authority/) });
      await expect(over(`&sslrootcert=${encodeURIComponent(tmpdir())}`)).rejects.toMatchObject({ type: "StoreRefused", message: expect.stringMatching(/a file that its address names cannot be read: EISDIR/) });
    });

    test("needs the address of its database", async () => {
      Object.assign(stage.deps, { postgres: null });
      await expect(stage.ingest(defineFor(stage), asOf)).rejects.toMatchObject({ type: "SetupIncomplete", message: expect.stringMatching(/give the worker the database's address in RELEARN_POSTGRES_URL/) });
    });
  });
});
