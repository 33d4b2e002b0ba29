import pg from "pg";
import { describe, expect, test } from "vitest";
import { postgresAddress } from "../../schemas/postgres-settings.ts";

const address = (url: string) => postgresAddress({ RELEARN_POSTGRES_URL: url })!;
/** How the driver understands the address. */
const understood = (url: string) => (new pg.Client(address(url).url) as unknown as { connectionParameters: { host: string; ssl: unknown } }).connectionParameters;

describe("the address of a database of labels", () => {
  test("may be left out", () => {
    expect(postgresAddress({})).toBeNull();
  });

  test.each(["postgres://reader:secret@db.example:5433/shop", "postgresql://reader@10.0.0.4/shop", "postgres://reader@localhost.example/shop", "postgres://reader@db.example/shop?ssl=0", "postgres://reader@db.example/shop?sslmode=verify-full"])("asks a server beyond this machine to prove who it is: %s", (url) => {
    expect(understood(url).ssl).toBeTypeOf("object");
    expect(understood(url).ssl).not.toHaveProperty("rejectUnauthorized");
  });

  test.each([
    ["postgres://reader@127.0.0.1:5433/shop", "127.0.0.1"], ["postgres://reader@localhost/shop", "localhost"], ["postgres://reader@[::1]/shop", "::1"],
    ["postgres://reader@%2Fvar%2Frun%2Fpostgresql/shop", "/var/run/postgresql"], ["postgres://reader@db.example/shop?sslmode=disable", "db.example"],
  ])("asks for no proof on this machine, or where it is told not to: %s", (url, host) => {
    expect(understood(url)).toMatchObject({ host, ssl: false });
  });

  test.each([
    ["db.example", /must be an address such as/], ["mysql://reader@db.example/shop", /must be an address such as/],
    ["postgres:///shop", /must name a host/], ["postgres:///shop?host=db.example", /must name its host before the path/],
    ["postgres://reader:secret@localhost/shop?host=db.example", /must name its host before the path/],
    ["postgres://reader:secret@db.example/shop?sslmode=require", /sslmode must be one of disable, verify-ca, verify-full, found "require"/],
    ["postgres://reader:secret@db.example/shop?sslmode=verify-full&sslmode=no-verify", /found "no-verify"/],
    ["postgres://reader:secret@db.example/shop?sslrootcert=/nowhere/ca.pem", /RELEARN_POSTGRES_URL: sslrootcert: there is no file \/nowhere\/ca\.pem/],
  ])("is refused without its password: %s", (url, message) => {
    expect(() => address(url)).toThrow(message);
    expect(() => address(url)).not.toThrow(/secret/);
  });

  test("is shown without who asks", () => {
    expect(address("postgres://reader:secret@db.example:5433/shop?application_name=mine").shown).toBe("db.example:5433/shop");
  });
});
