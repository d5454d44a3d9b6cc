// What an eye would see, in numbers: contrast by WCAG 2.2 (1.4.3 and 1.4.11), overflow, and pictures to look
// at.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const PICTURES = fileURLToPath(new URL('../../../build/browser/', import.meta.url));

// Runs in the page, so it uses nothing from outside. All text needs 4.5:1, large or not. The outline of a
// control, or else its background, needs 3:1 against what is behind it.
function poorContrasts() {
  const parse = (text) => {
    const numbers = text.match(/-?[\d.]+(?:e-?\d+)?/g).map(Number);
    const scale = text.startsWith('color(srgb') ? 255 : 1;
    const [red, green, blue] = numbers.map((number) => number * scale);
    return { channels: [red, green, blue], alpha: numbers[3] ?? 1 };
  };
  const over = (top, bottom) => top.channels.map((channel, i) => channel * top.alpha + bottom[i] * (1 - top.alpha));
  const background = (element) => {
    if (!element) return parse(getComputedStyle(document.documentElement).backgroundColor).channels;
    const own = parse(getComputedStyle(element).backgroundColor);
    return own.alpha === 1 ? own.channels : over(own, background(element.parentElement));
  };
  const luminance = (channels) => {
    const [red, green, blue] = channels.map((channel) => {
      const part = channel / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  const isSeen = (element) => {
    const box = element.getBoundingClientRect();
    return element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }) && box.width > 1 && box.height > 1;
  };
  const hasText = (element) => element.matches('input, textarea, select')
    || [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  const nameOf = (element) => `${element.tagName.toLowerCase()}.${element.className || '-'} "${element.textContent.trim().slice(0, 30)}"`;

  const poor = [];
  let looked = 0;
  for (const element of document.body.querySelectorAll('*')) {
    if (!isSeen(element)) continue;
    const style = getComputedStyle(element);
    if (hasText(element) && element.tagName !== 'OPTION') {
      looked += 1;
      const ground = background(element);
      const ratio = contrast(over(parse(style.color), ground), ground);
      if (ratio < 4.5) poor.push(`text of ${nameOf(element)}: ${ratio.toFixed(2)}`);
    }
    if (element.matches('input, textarea, select, .button')) {
      const around = background(element.parentElement);
      const border = over(parse(style.borderTopColor), around);
      const ratio = Math.max(contrast(border, around), contrast(background(element), around));
      if (ratio < 3) poor.push(`outline of ${nameOf(element)}: ${ratio.toFixed(2)}`);
    }
  }
  return { looked, poor };
}

export async function assertContrast(page, where) {
  const { looked, poor } = await page.evaluate(poorContrasts);
  assert.ok(looked > 5, `${where}: only ${looked} texts were found to look at`);
  assert.deepEqual(poor, [], `${where}: contrast below WCAG AA`);
}

export async function assertNoSidewaysScroll(page, where) {
  const { content, window } = await page.evaluate(() => ({
    content: document.documentElement.scrollWidth,
    window: document.documentElement.clientWidth,
  }));
  assert.ok(content <= window, `${where}: ${content} px of content in a window of ${window} px`);
}

/** The name of the focused element. */
export function focused(page) {
  return page.evaluate(() => {
    const element = document.activeElement;
    return (element.getAttribute('aria-label') ?? element.labels?.[0]?.textContent ?? element.textContent).trim();
  });
}

/** The same, once the focus is visible: after a key, not after a click, which needs no ring. */
export async function focusedInSight(page) {
  const name = await focused(page);
  const outline = await page.evaluate(() => {
    const style = getComputedStyle(document.activeElement);
    return style.outlineStyle === 'none' ? 0 : Number.parseFloat(style.outlineWidth);
  });
  assert.ok(outline >= 2, `the focus on "${name.slice(0, 40)}" is not seen`);
  return name;
}

/** Waits until the page has drawn once more. */
export function nextFrame(page) {
  return page.evaluate(() => new Promise((resolve) => { requestAnimationFrame(() => resolve()); }));
}

/** Presses Tab until the focused element has that name, up to a bound. Every stop on the way must be visible. */
export async function tabTo(page, name) {
  const passed = [];
  for (let presses = 0; presses < 40; presses += 1) {
    await page.keyboard.press('Tab');
    const here = await focusedInSight(page);
    if (here === name) return;
    passed.push(here);
  }
  assert.fail(`Tab does not reach "${name}"; it passed ${passed.join(', ')}`);
}

export async function takePicture(page, name) {
  await mkdir(PICTURES, { recursive: true });
  await page.screenshot({ path: path.join(PICTURES, `${name}.png`), fullPage: true });
}
