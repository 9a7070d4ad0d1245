// The few words of the UI library that pages use; its vendor file is named here only.
export { html, render, h, createContext, useState, useReducer, useEffect, useLayoutEffect, useRef, useMemo,
         useCallback, useContext, useErrorBoundary } from "../vendor/preact.js";
