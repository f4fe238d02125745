import './base.css';
import './usage.css';
import './uploads.css';
