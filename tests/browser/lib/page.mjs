// Debian's Chromium with one page open. Whatever the page complains about in its console is a failure.
import { chromium } from "playwright-core";
import { existsSync } from "node:fs";

const FLAGS = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const PROGRAMS = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

export async function launch() {
  const executablePath = PROGRAMS.find((path) => path && existsSync(path));
  if (!executablePath) throw new Error("Chromium is missing: apt-get install chromium");
  // Chromium refuses to sandbox itself for root.
  const args = process.getuid() === 0 ? ["--no-sandbox", ...FLAGS] : FLAGS;
  return chromium.launch({ executablePath, args });
}

/** A new page in a profile of its own, at the server's root. `options`: viewport, colorScheme and their like. */
export async function open(browser, server, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, acceptDownloads: true, ...options });
  const page = await context.newPage();
  page.complaints = [];
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  page.on("console", (message) => {
    // A server that is being restarted is what some tests are about.
    const expected = /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE_CHUNKED|ERR_NETWORK_CHANGED|ERR_ABORTED/;
    const { url } = message.location();
    // The stream may tell the last seconds again; asking for a job that was deleted since is how the page learns of it.
    const deleted = message.text().includes("404") && url.includes("/api/v1/jobs/");
    // Browsers ask for it by themselves where a page names no icon.
    const icon = url.endsWith("/favicon.ico");
    if (message.type() === "error" && !expected.test(message.text()) && !deleted && !icon) page.complaints.push(`${message.text()} ${url}`);
  });
  page.setDefaultTimeout(30_000);
  await page.goto(server.url);
  await page.getByTestId("preset-mkv").waitFor({ state: "attached" });
  return page;
}

/** Chooses exactly these formats. */
export async function choose(page, presets) {
  for (const box of await page.locator("[data-testid^=preset-]").all()) {
    const name = (await box.getAttribute("data-testid")).slice("preset-".length);
    if ((await box.isEnabled()) && (await box.isChecked()) !== presets.includes(name)) await box.click({ force: true });
  }
}

/** Makes the page's uploads slow, so that there is a middle to stop in; 0 lifts it. */
export async function throttle(page, bytesPerSecond) {
  page.wire ??= await page.context().newCDPSession(page);
  await page.wire.send("Network.enable");
  await page.wire.send("Network.emulateNetworkConditions", {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: bytesPerSecond || -1,
  });
}

/** The one card of the page, in a state. */
export function card(page, state) {
  return page.locator(state ? `[data-testid=job][data-state=${state}]` : "[data-testid=job]");
}

/** Drops a file on the drop zone the way a file manager does. */
export async function drop(page, name, bytes) {
  const data = await page.evaluateHandle(
    ([called, base64]) => {
      const content = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
      const transfer = new DataTransfer();
      transfer.items.add(new File([content], called, { lastModified: 1_700_000_000_000 }));
      return transfer;
    },
    [name, bytes.toString("base64")],
  );
  for (const type of ["dragenter", "dragover", "drop"]) {
    await page.getByTestId("drop").dispatchEvent(type, { dataTransfer: data });
  }
}
