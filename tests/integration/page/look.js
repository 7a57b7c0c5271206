// Copyright (c) 2026 the webmedic.php_fpm authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

"use strict";
// look.js small=PAGE large=PAGE mended=PAGE gated=PAGE changed=PAGE hostile=PAGE: a line of JSON for each check.
const fs = require("node:fs");
const {start, open} = require("./browser.js");

const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const files = Object.fromEntries(process.argv.slice(2).map((word) => word.split(/=(.*)/s).slice(0, 2)));
// A guard against a page that hangs; the figure itself is what `make bench` measures.
const MOST_SECONDS = 30;

const tell = (subject, what, wrong) => console.log(JSON.stringify({subject, what, wrong: wrong ? String(wrong).slice(0, 1500) : null}));
const same = (found, wanted) => (JSON.stringify(found) === JSON.stringify(wanted) ? null : `${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`);
const focused = (page) => page.evaluate(() => document.activeElement.id);
const shown = (page) => page.locator("#shown").textContent();
const count = (page) => page.locator(".host:not([hidden])").count();

const violations = async (page) => {
  // Through the debugger: the page's own policy lets no foreign script in.
  await page.evaluate(axe);
  const found = await page.evaluate(() => axe.run(document, {rules: {"target-size": {enabled: true}}}));
  return found.violations.map((item) => `${item.id}: ${item.nodes.slice(0, 3).map((node) => node.html.slice(0, 160) + " " + node.failureSummary.slice(0, 200)).join(" | ")}`).join("; ");
};

const quiet = (subject, {asked, said}) => {
  tell(subject, "no request leaves it", asked.join(", "));
  tell(subject, "its console is silent, the policy too", said.join(" | "));
};

const accessible = async (browser) => {
  const ways = {
    light: {}, dark: {colorScheme: "dark"}, narrow: {viewport: {width: 360, height: 800}},
    "more contrast": {contrast: "more"},
  };
  const looks = {small: Object.keys(ways), mended: ["light", "dark"], gated: ["light", "narrow"], changed: ["dark"], hostile: ["light", "narrow"]};
  for (const [name, kinds] of Object.entries(looks)) {
    for (const way of kinds) {
      const opened = await open(browser, files[name], "", ways[way]);
      await opened.page.evaluate(() => document.querySelectorAll("details").forEach((item) => { item.open = true; }));
      tell(`${name}, ${way}`, "axe-core finds no violation", await violations(opened.page));
      const wide = await opened.page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth);
      tell(`${name}, ${way}`, "it is as wide as the window", wide > 0 && `${wide} pixels more`);
      quiet(`${name}, ${way}`, opened);
      await opened.context.close();
    }
  }
};

const glance = async (browser) => {
  const {page, context} = await open(browser, files.small);
  tell("glance", "it begins with the verdict", same(await page.locator("h1").innerText(), "6 hosts of 16: no request reaches PHP"));
  const parts = await page.locator("h2").allInnerTexts();
  tell("glance", "it has its parts", same(parts, ["The fleet at a glance", "Causes", "Lost requests by cause", "Sites with a cause", "Hosts"]));
  const bands = await page.locator(".band h3").allInnerTexts();
  tell("glance", "the map has each status, with its number", same(bands.map((text) => text.replace(/^\S+\s+/, "")), ["failing 6", "degraded 2", "unreachable 1", "recovered 1", "healthy 6"]));
  tell("glance", "hosts that share a cause are one group", same((await page.locator(".card .sentence").first().innerText()).startsWith("On 3 hosts since 14:09:41"), true));
  tell("glance", "lost requests have their time", same(await page.locator(".lane rect").first().isVisible(), true));
  await context.close();
  const after = await open(browser, files.mended, "#host-web1");
  const words = (await after.page.locator("#host-web1").innerText()).replace(/\s+/g, " ");
  const wanted = ["before probe no answer, page 504, 9 waiting after probe answered, page 200, 0 waiting", "-pm.max_children = 2 +pm.max_children = 16"];
  tell("glance", "a remediation shows before, after and difference", same(wanted.filter((text) => !words.includes(text)), []));
  await after.context.close();
};

const keyboard = async (browser) => {
  const {page, context} = await open(browser, files.small);
  await page.keyboard.press("/");
  tell("keys", "/ goes to the search", same(await focused(page), "find"));
  await page.keyboard.type("running: STOPPED shop");
  await page.waitForFunction(() => document.getElementById("shown").textContent.includes("of"));
  tell("keys", "a search finds words of the host", same([await shown(page), await count(page)], ["4 of 16 hosts", 4]));
  tell("keys", "the map shows which", same(await page.locator(".cells a:not(.dim)").count(), 4));
  await page.keyboard.press("Escape");
  tell("keys", "Escape shows all again", same([await shown(page), await count(page)], ["16 hosts", 16]));
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  tell("keys", "j goes to the next host", same(await focused(page), "host-web-fra-01"));
  await page.keyboard.press("k");
  await page.keyboard.press("Enter");
  tell("keys", "Enter opens it", same([await focused(page), await page.locator("#host-web-ams-01 details").getAttribute("open")], ["host-web-ams-01", ""]));
  // The browser sends "toggle" a moment later.
  await page.waitForFunction(() => location.hash, null, {timeout: 5000}).catch(() => null);
  tell("keys", "an open host has its link in the address", same(new URL(page.url()).hash, "#host-web-ams-01"));
  await page.locator(".chip[data-status=degraded]").focus();
  await page.keyboard.press("Space");
  tell("keys", "a status is a filter", same([await shown(page), await page.locator(".chip[aria-pressed=true]").count()], ["2 of 16 hosts", 1]));
  await page.keyboard.press("Escape");
  await page.locator("#sort").selectOption("lost");
  tell("keys", "the order follows the choice", same(await page.locator(".host .name").first().textContent(), "web-waw-01"));
  await page.locator("#sort").selectOption("worst");
  await page.locator("#cause").selectOption({index: 1});
  tell("keys", "a cause is a filter", same(await shown(page), "3 of 16 hosts"));
  await page.locator("#keys").uncheck();
  await page.keyboard.press("/");
  tell("keys", "keys can be switched off", same(await focused(page), "keys"));
  await context.close();
};

const links = async (browser) => {
  const {page, context} = await open(browser, files.small, "#host-web-par-01");
  const row = page.locator("#host-web-par-01");
  tell("link", "a link opens its host", same([await row.locator("details").getAttribute("open"), await focused(page)], ["", "host-web-par-01"]));
  tell("link", "and shows it", same(await row.evaluate((item) => item.getBoundingClientRect().top < innerHeight && item.getBoundingClientRect().top >= 0), true));
  await page.locator("#find").fill("web-ams");
  await page.locator(".cells a", {hasText: "web-waw-01"}).click();
  // The page hears of its new place some time after the click. What never comes is told below.
  await page.locator("#host-web-waw-01").waitFor({timeout: 5000}).catch(() => null);
  tell("link", "a host on the map opens, though it was filtered", same([await page.locator("#host-web-waw-01").isVisible(), await focused(page)], [true, "host-web-waw-01"]));
  const text = await row.textContent();
  tell("link", "a host has evidence, fix and plan", same(["Fix", "What the collection would do", "probe"].filter((word) => !text.includes(word)), []));
  await context.close();
};

const shades = async (browser) => {
  const paper = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number)[0]);
  const {page, context} = await open(browser, files.small, "", {colorScheme: "dark"});
  tell("shades", "dark where the system is dark", same(await paper(page) < 60, true));
  await page.locator("#theme").click();
  tell("shades", "the button turns it light", same(await paper(page) > 200, true));
  await page.reload();
  tell("shades", "and it stays so", same(await paper(page) > 200, true));
  await page.emulateMedia({media: "print"});
  const seen = await page.evaluate(() => ({
    tools: getComputedStyle(document.getElementById("tools")).display,
    proof: document.querySelector("#host-web-ams-01 .evidence").checkVisibility({contentVisibilityAuto: true}) && document.querySelector("#host-web-ams-01 .evidence").getBoundingClientRect().height > 10,
  }));
  tell("paper", "no tools, and the evidence of each host", same(seen, {tools: "none", proof: true}));
  const pdf = await page.pdf({format: "A4"});
  tell("paper", "it prints", same(pdf.subarray(0, 4).toString(), "%PDF"));
  await context.close();
};

const withoutScript = async (browser) => {
  const {page, context} = await open(browser, files.small, "", {javaScriptEnabled: false});
  tell("no JavaScript", "all hosts and causes are there", same([await page.locator(".host").count(), await page.locator(".card").count() > 3], [16, true]));
  tell("no JavaScript", "nothing is shown that would not work", same(await page.locator("#tools").isVisible(), false));
  await page.locator("#host-web-ams-01 summary").first().click();
  tell("no JavaScript", "a host opens", same(await page.locator("#host-web-ams-01 .evidence").first().isVisible(), true));
  await context.close();
};

const hostile = async (browser) => {
  const opened = await open(browser, files.hostile);
  const {page, context, asked} = opened;
  tell("hostile", "no host is obeyed", same(await page.evaluate(() => [window.obeyed === undefined, document.scripts.length, document.images.length]), [true, 1, 0]));
  tell("hostile", "its words are shown as words", same((await page.locator("body").innerText()).includes("<script>window.obeyed = 1</script>"), true));
  // Should a text ever get out of its place, the policy is there.
  await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "window.obeyed = 1";
    const image = document.createElement("img");
    image.src = "http://127.0.0.1:9/z";
    const button = document.createElement("b");
    button.setAttribute("onclick", "window.obeyed = 1");
    document.body.append(script, image, button);
    button.click();
  });
  await page.waitForTimeout(200);
  tell("hostile", "the policy stops what got in", same([await page.evaluate(() => window.obeyed === undefined), asked.filter((url) => !url.endsWith("/z"))], [true, []]));
  await context.close();
};

const large = async (browser) => {
  const began = Date.now();
  const opened = await open(browser, files.large);
  const {page, context} = opened;
  await page.waitForFunction(() => document.documentElement.classList.contains("scripted"));
  const ready = Date.now() - began;
  const filtered = Date.now();
  await page.locator("#find").fill("oom");
  await page.waitForFunction(() => document.getElementById("shown").textContent.includes(" of "));
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  const took = Date.now() - filtered;
  const found = await count(page);
  tell("2000 hosts", "a search finds the few", found > 0 && found < 200 ? null : found);
  tell("2000 hosts", "each is on the map", same(await page.locator(".cells a").count(), 2000));
  const elements = await page.evaluate(() => document.getElementsByTagName("*").length);
  tell("2000 hosts", "the page is of few elements", elements < 60000 ? null : elements);
  tell("2000 hosts", "it opens and filters in time", ready + took < 1000 * MOST_SECONDS ? null : `${ready} ms, ${took} ms`);
  const closed = await violations(page);
  tell("2000 hosts", "axe-core finds no violation", closed);
  quiet("2000 hosts", opened);
  console.log(`opened in ${ready} ms, filtered in ${took} ms, ${elements} elements`);
  await context.close();
};

(async () => {
  const browser = await start();
  for (const part of [glance, accessible, keyboard, links, shades, withoutScript, hostile, large]) await part(browser);
  await browser.close();
})();
