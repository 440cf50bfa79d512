/** Text made safe to stand in a page: the only way words from outside get into `report.html`. */

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" }

/**
 * Text for HTML and SVG, in content or in a quoted attribute. Control characters, which HTML forbids, and those that
 * turn the direction of text become U+FFFD.
 */
export function escapeHtml(text: string): string {
  return text
    .replace(/\r\n?/g, "\n")
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff]/g, "\ufffd")
    .replace(/[&<>"']/g, (letter) => ENTITIES[letter])
}
