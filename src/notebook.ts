import type { JupyterFrontEnd } from '@jupyterlab/application';
import {
  Clipboard,
  Dialog,
  Notification,
  showDialog
} from '@jupyterlab/apputils';
import type { ConsolePanel, IConsoleTracker } from '@jupyterlab/console';
import type { IDocumentWidget } from '@jupyterlab/docregistry';
import type { FileEditor, IEditorTracker } from '@jupyterlab/fileeditor';
import { NotebookActions } from '@jupyterlab/notebook';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import type { Drag } from '@lumino/dragdrop';
import { Signal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';

import { sayCopied } from './copied';
import { CODE_MIME } from './drag';
import { asLines, isForPython } from './lines';
import type { ICodePlacer } from './tokens';

/**
 * Milliseconds that a new notebook or console may take until it can take code: a kernel may have to start first.
 */
const OPEN_TIMEOUT_MS = 60_000;

/**
 * What JupyterLab marks while something is dragged over it.
 */
const DROP_TARGET_CLASS = 'jp-mod-dropTarget';

/**
 * What comes before a drop, and decides whether there is one.
 */
const DRAG_EVENTS = ['lm-dragenter', 'lm-dragover'];

type Editor = FileEditor['editor'];

type Target =
  | { readonly kind: 'notebook'; readonly widget: NotebookPanel }
  | { readonly kind: 'console'; readonly widget: ConsolePanel }
  | {
      readonly kind: 'editor';
      readonly widget: IDocumentWidget<FileEditor>;
    };

/**
 * Puts code where the user worked last. Each tracker may be missing: Notebook 7 has pages without.
 */
export class CodePlacer implements ICodePlacer, IDisposable {
  constructor(private readonly _options: CodePlacer.IOptions) {
    const { app, notebooks, consoles, editors } = _options;
    app.shell.currentChanged?.connect(this._onShellChanged, this);
    for (const tracker of [notebooks, consoles, editors]) {
      tracker?.currentChanged.connect(this._onTrackerChanged, this);
    }
    this._remember(app.shell.currentWidget);
    for (const type of DRAG_EVENTS) {
      document.addEventListener(type, this._onDrag, true);
    }
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    for (const type of DRAG_EVENTS) {
      document.removeEventListener(type, this._onDrag, true);
    }
    Signal.clearData(this);
  }

  async place(code: string, options: ICodePlacer.IOptions): Promise<boolean> {
    const target = this._target();
    switch (target?.kind) {
      case 'notebook':
        return this._intoNotebook(target.widget, code, options.language);
      case 'console':
        return this._intoConsole(target.widget, code, options.language);
      case 'editor':
        return this._intoEditor(target.widget, code);
      default:
        return this._intoNew(code, options.language);
    }
  }

  drop(code: string, options: ICodePlacer.IDropOptions): boolean {
    const { language, element } = options;
    const target = this._targetAt(element);
    switch (target?.kind) {
      case 'notebook': {
        // Above the cell that JupyterLab has marked.
        const cells = target.widget.content.widgets;
        const index = cells.findIndex(({ node }) => node.contains(element));
        const at = index === -1 ? cells.length : index;
        void this._intoNotebook(target.widget, code, language, at);
        break;
      }
      case 'console': {
        // What has run cannot take it: the prompt does.
        const editor = target.widget.console.promptCell?.editor;
        const isAtLine = editor?.host.contains(element);
        this._intoConsole(
          target.widget,
          code,
          language,
          editor && isAtLine ? lineAt(editor, options) : null
        );
        break;
      }
      case 'editor':
        this._intoEditor(
          target.widget,
          code,
          lineAt(target.widget.content.editor, options)
        );
        break;
      default:
        return false;
    }
    for (const marked of target.widget.node.querySelectorAll(
      `.${DROP_TARGET_CLASS}`
    )) {
      marked.classList.remove(DROP_TARGET_CLASS);
    }
    return true;
  }

  async copy(code: string): Promise<void> {
    Clipboard.copyToSystem(code);
    sayCopied(code, this._options.trans);
  }

  private _target(): Target | null {
    const { notebooks, consoles, editors } = this._options;
    const candidates = [
      this._last,
      notebooks?.currentWidget,
      consoles?.currentWidget,
      editors?.currentWidget
    ];
    for (const widget of candidates) {
      const target =
        widget && !widget.isDisposed ? this._asTarget(widget) : null;
      if (target && takesCode(target)) {
        return target;
      }
    }
    return null;
  }

  /**
   * What an element of the page belongs to.
   */
  private _targetAt(element: Element): Target | null {
    const { notebooks, consoles, editors } = this._options;
    const holds = ({ node }: Widget) => node.contains(element);
    const widget =
      notebooks?.find(holds) ?? consoles?.find(holds) ?? editors?.find(holds);
    return widget ? this._asTarget(widget) : null;
  }

  private _asTarget(widget: Widget): Target | null {
    const { notebooks, consoles, editors } = this._options;
    if (notebooks?.has(widget)) {
      return { kind: 'notebook', widget: widget as NotebookPanel };
    }
    if (consoles?.has(widget)) {
      return { kind: 'console', widget: widget as ConsolePanel };
    }
    if (editors?.has(widget)) {
      return { kind: 'editor', widget: widget as IDocumentWidget<FileEditor> };
    }
    return null;
  }

  private async _intoNotebook(
    panel: NotebookPanel,
    code: string,
    language: string,
    at: number | null = null
  ): Promise<boolean> {
    const trans = this._options.trans;
    const name = panel.title.label;
    const notebook = panel.content;
    const model = notebook.model;
    if (!model) {
      this._refuse(trans.__('“%1” is still being opened.', name), code);
      return false;
    }
    if (model.readOnly || panel.context.contentsModel?.writable === false) {
      this._refuse(trans.__('“%1” is read-only.', name), code);
      return false;
    }
    const other = this._otherLanguage(
      panel.sessionContext.session?.kernel?.name,
      model.getMetadata('kernelspec')?.language ??
        model.getMetadata('language_info')?.name,
      language
    );
    if (other) {
      this._refuse(
        trans.__('“%1” runs %2, and this code is Python.', name, other),
        code
      );
      return false;
    }
    const cells = model.sharedModel.cells;
    const isNew =
      cells.length === 1 &&
      cells[0]?.cell_type === 'code' &&
      cells[0].getSource() === '' &&
      this._created.has(panel);
    if (isNew) {
      cells[0]?.setSource(code);
    } else {
      const index =
        at ?? (cells.length === 0 ? 0 : notebook.activeCellIndex + 1);
      // With all imports, whatever stands above: nobody knows what has run in the kernel of now, and repeating them does
      // no harm.
      model.sharedModel.insertCell(index, {
        cell_type: 'code',
        source: code,
        metadata: { trusted: true }
      });
      notebook.activeCellIndex = index;
      notebook.deselectAll();
    }
    notebook.mode = 'command';
    this._options.app.shell.activateById(panel.id);
    if (notebook.activeCell) {
      await notebook.scrollToCell(notebook.activeCell);
    }
    await NotebookActions.focusActiveCell(notebook);
    return true;
  }

  private _intoConsole(
    panel: ConsolePanel,
    code: string,
    language: string,
    at: number | null = null
  ): boolean {
    const trans = this._options.trans;
    const { promptCell } = panel.console;
    const other = this._otherLanguage(
      panel.sessionContext.session?.kernel?.name,
      undefined,
      language
    );
    if (!promptCell || other) {
      const name = panel.title.label;
      this._refuse(
        other
          ? trans.__('“%1” runs %2, and this code is Python.', name, other)
          : trans.__('“%1” has no prompt yet.', name),
        code
      );
      return false;
    }
    this._options.app.shell.activateById(panel.id);
    const { sharedModel } = promptCell.model;
    const source = sharedModel.getSource();
    const { start, end, text } = asLines(source, at ?? source.length, code);
    sharedModel.updateSource(start, end, text);
    if (promptCell.editor) {
      focusAt(promptCell.editor, start + text.length);
    }
    return true;
  }

  private _intoEditor(
    widget: IDocumentWidget<FileEditor>,
    code: string,
    at: number | null = null
  ): boolean {
    const { editor } = widget.content;
    if (
      widget.context.contentsModel?.writable === false ||
      editor.getOption('readOnly') === true
    ) {
      this._refuse(
        this._options.trans.__('“%1” is read-only.', widget.title.label),
        code
      );
      return false;
    }
    this._options.app.shell.activateById(widget.id);
    const { sharedModel } = editor.model;
    const source = sharedModel.getSource();
    const offset = at ?? editor.getOffsetAt(editor.getCursorPosition());
    const { start, end, text } = asLines(source, offset, code);
    // A file ends with a line break.
    const added = end === source.length ? `${text}\n` : text;
    sharedModel.updateSource(start, end, added);
    focusAt(editor, start + added.length);
    return true;
  }

  /**
   * Nothing is open that could take code: ask for something to open.
   */
  private async _intoNew(code: string, language: string): Promise<boolean> {
    const { app, trans } = this._options;
    const { commands } = app;
    const choices = [
      { command: 'notebook:create-new', label: trans.__('New notebook') },
      { command: 'console:create', label: trans.__('Console') }
    ].filter(({ command }) => commands.hasCommand(command));
    const copyLabel = trans.__('Copy');
    const result = await showDialog({
      title: trans.__('Where should the code go?'),
      body: trans.__('No notebook, console or Python file is open.'),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        Dialog.okButton({ label: copyLabel, actions: ['copy'] }),
        ...choices
          .map(({ label, command }) =>
            Dialog.okButton({ label, actions: [command] })
          )
          .reverse()
      ]
    });
    const [chosen] = result.button.accept ? result.button.actions : [];
    if (chosen === 'copy') {
      await this.copy(code);
      return true;
    }
    if (!chosen) {
      return false;
    }
    const kernelName = await this._kernelFor(language);
    const widget: unknown = await commands.execute(
      chosen,
      chosen === 'console:create'
        ? {
            activate: true,
            kernelPreference: kernelName ? { name: kernelName } : {}
          }
        : { activate: true, ...(kernelName ? { kernelName } : {}) }
    );
    const target = await this._whenReady(widget);
    if (target?.kind === 'notebook') {
      this._created.add(target.widget);
      return this._intoNotebook(target.widget, code, language);
    }
    if (target?.kind === 'console') {
      return this._intoConsole(target.widget, code, language);
    }
    // It opened somewhere else, in another tab of the browser for instance.
    Clipboard.copyToSystem(code);
    Notification.info(
      trans.__('The code is on the clipboard: paste it into the first cell.')
    );
    return true;
  }

  private async _whenReady(widget: unknown): Promise<Target | null> {
    const target = isWidget(widget) ? this._asTarget(widget) : null;
    if (target?.kind === 'notebook') {
      await target.widget.context.ready;
      await target.widget.revealed;
    } else if (target?.kind === 'console') {
      const { console: view } = target.widget;
      if (!view.promptCell) {
        await new Promise<void>(resolve => {
          const timer = setTimeout(done, OPEN_TIMEOUT_MS);
          function done() {
            clearTimeout(timer);
            view.promptCellCreated.disconnect(done);
            resolve();
          }
          view.promptCellCreated.connect(done);
        });
      }
    }
    return target;
  }

  /**
   * Name of a kernel for a language, the default one where it fits.
   */
  private async _kernelFor(language: string): Promise<string | null> {
    const { kernelspecs } = this._options.app.serviceManager;
    await kernelspecs.ready;
    const { specs } = kernelspecs;
    const fits = (name: string) =>
      specs?.kernelspecs[name]?.language.toLowerCase() === language;
    if (!specs || fits(specs.default)) {
      return specs?.default ?? null;
    }
    return Object.keys(specs.kernelspecs).find(fits) ?? null;
  }

  /**
   * Language of a kernel where it is known and another one than wanted.
   */
  private _otherLanguage(
    kernelName: string | undefined,
    declared: unknown,
    wanted: string
  ): string | null {
    const { specs } = this._options.app.serviceManager.kernelspecs;
    const language =
      (kernelName && specs?.kernelspecs[kernelName]?.language) || declared;
    return typeof language === 'string' &&
      language !== '' &&
      !/^i?python\d*$/i.test(language) &&
      language.toLowerCase() !== wanted
      ? language
      : null;
  }

  private _refuse(reason: string, code: string): void {
    const { trans } = this._options;
    Notification.warning(reason, {
      actions: [
        {
          label: trans.__('Copy code'),
          callback: () => void this.copy(code)
        }
      ],
      autoClose: 10_000
    });
  }

  /**
   * All of a console takes code, while JupyterLab's prompt takes drops on itself only.
   */
  private readonly _onDrag = (event: Event): void => {
    const drag = event as Drag.Event;
    if (
      drag.mimeData.hasData(CODE_MIME) &&
      drag.target instanceof Element &&
      this._targetAt(drag.target)?.kind === 'console'
    ) {
      drag.preventDefault();
      drag.dropAction = 'copy';
    }
  };

  private _onShellChanged(
    _: unknown,
    args: { readonly newValue: Widget | null }
  ): void {
    this._remember(args.newValue);
  }

  private _onTrackerChanged(_: unknown, widget: Widget | null): void {
    this._remember(widget);
  }

  private _remember(widget: Widget | null): void {
    const target = widget && this._asTarget(widget);
    if (target && takesCode(target)) {
      this._last = widget;
    }
  }

  private readonly _created = new WeakSet<Widget>();
  private _isDisposed = false;
  private _last: Widget | null = null;
}

/**
 * Whether code goes there unasked: not into a text file of another language.
 */
function takesCode(target: Target): boolean {
  if (target.kind !== 'editor') {
    return true;
  }
  const { content, context } = target.widget;
  return isForPython(context.localPath, content.model.mimeType);
}

/**
 * Offset of the end of the line under the pointer.
 */
function lineAt(editor: Editor, at: { x: number; y: number }): number {
  const { x, y } = at;
  const position = editor.getPositionForCoordinate({
    left: x,
    right: x,
    top: y,
    bottom: y
  });
  const line = position?.line ?? editor.lineCount - 1;
  const column = editor.getLine(line)?.length ?? 0;
  return editor.getOffsetAt({ line, column });
}

/**
 * Focus an editor with the cursor at an offset.
 */
function focusAt(editor: Editor, offset: number): void {
  const position = editor.getPositionAt(offset);
  if (position) {
    editor.setCursorPosition(position);
  }
  editor.focus();
}

function isWidget(value: unknown): value is Widget {
  return typeof value === 'object' && value !== null && 'node' in value;
}

export namespace CodePlacer {
  export interface IOptions {
    app: JupyterFrontEnd;
    notebooks: INotebookTracker | null;
    consoles: IConsoleTracker | null;
    editors: IEditorTracker | null;
    trans: TranslationBundle;
  }
}
