// Drives a headless Chromium: one JSON command a line on standard input, one JSON answer a line on standard output.
import { createInterface } from "node:readline";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const [executablePath, profile] = process.argv.slice(2);
const context = await chromium.launchPersistentContext(profile, {
  executablePath,
  headless: true,
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
  ],
});
const page = context.pages()[0] ?? (await context.newPage());
const seen = [];
page.on("response", (answer) => {
  if (answer.request().isNavigationRequest()) {
    seen.push({ url: answer.url(), status: answer.status(), headers: answer.headers() });
  }
});
const complaints = [];
page.on("console", (message) => complaints.push(message.text()));

const commands = {
  goto: async ({ url }) => {
    const answer = await page.goto(url);
    return { url: page.url(), status: answer.status(), headers: await answer.allHeaders() };
  },
  size: ({ width, height }) => page.setViewportSize({ width, height }),
  dark: ({ on }) => page.emulateMedia({ colorScheme: on ? "dark" : "light" }),
  press: ({ key }) => page.keyboard.press(key),
  type: ({ text }) => page.keyboard.type(text),
  // Enter on what has the focus, and wait for the page that it leads to.
  follow: async () => {
    await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
    return { url: page.url() };
  },
  focused: () =>
    page.evaluate(() => {
      const it = document.activeElement;
      const style = getComputedStyle(it);
      return {
        tag: it.tagName.toLowerCase(),
        text: it.innerText ?? "",
        name: it.getAttribute("name"),
        outline: `${style.outlineStyle} ${style.outlineWidth}`,
      };
    }),
  look: () =>
    page.evaluate(() => ({
      url: location.href,
      title: document.title,
      text: document.body.innerText,
      overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      scripts: document.querySelectorAll("script").length,
      handlers: [...document.querySelectorAll("*")].flatMap((each) => each.getAttributeNames())
        .filter((name) => name.startsWith("on") || name === "style").length,
      background: getComputedStyle(document.body).backgroundColor,
      lang: document.documentElement.lang,
    })),
  accessibility: async () => {
    // Through the debugger, because the pages allow no script.
    const found = await page.evaluate(`${axe}; axe.run(document, { resultTypes: ["violations"] })`);
    return found.violations.map(({ id, help, nodes }) => ({ id, help, at: nodes.map(({ html }) => html) }));
  },
  cookies: () => context.cookies(),
  picture: ({ path }) => page.screenshot({ path, fullPage: true }).then(() => null),
  seen: () => seen.splice(0),
  complaints: () => complaints.splice(0),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { do: name, ...rest } = JSON.parse(line);
  let answer;
  try {
    answer = { value: (await commands[name](rest)) ?? null };
  } catch (error) {
    answer = { error: String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await context.close();
