import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { NoticeReceiver } from "../../schemas/notice-receiver.ts";
import { noticeType } from "../../schemas/notice.ts";

export interface Listener {
  readonly receiver: NoticeReceiver;
  /** Types of the events that came, of one pipeline. */
  told(pipeline: string): readonly string[];
  close(): void;
}

/** Somebody outside who hears of everything. */
export async function openListener(): Promise<Listener> {
  const events: { readonly pipeline: string; readonly type: string }[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk)).on("end", () => {
      events.push(JSON.parse(body) as (typeof events)[number]);
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    receiver: { name: "outside", url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, secret: [`whsec_${Buffer.alloc(32).toString("base64")}`], events: [...noticeType.options], allow: [] },
    told: (pipeline) => events.filter((event) => event.pipeline === pipeline).map(({ type }) => type),
    close: () => void server.close(),
  };
}
