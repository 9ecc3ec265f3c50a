/** The widgets of this bundle. */

import style from "./style.css";
import { styled } from "../shared/dom.js";

/** @type {Part} */
export const graph = {
  render({ model, el }) {
    styled(style);
    el.textContent = `graph of ${model.get("workflow")}`;
  },
};
