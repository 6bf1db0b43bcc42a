/** The agents' handbook is plain HTML, to be read without a script; this puts the frame around it. */

import { agent as text } from "../text/agent.js";
import { Frame } from "./frame.js";
import { demoChoices } from "./session.js";

const frame = new Frame(text.handbook);
if ((await demoChoices()).length) frame.showDemo();
